export * from './columns.js';
export {
  catalogueOf,
  DEFAULT_PORT,
  defineKind,
  ERROR_PORT,
  type Catalogue,
  type Contracts,
  type FieldRead,
  type ModuleCategory,
  type ModuleKind,
  type PortColumns,
  type SettingPlace,
} from './kind.js';
export * from './expression/index.js';
export { didYouMean, nearest } from './nearest.js';
