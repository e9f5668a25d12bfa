export { checkExpression, type ResultType } from './checker.js';
export { compile, type Compiled, type Slots } from './compiler.js';
export {
  EXPRESSION_LIMITS,
  ExpressionFailure,
  childrenOf,
  fieldsOf,
  type Expression,
  type Value,
} from './expression.js';
export { functions as expressionFunctions, type ExpressionFunction } from './functions.js';
export { parseExpression } from './parser.js';
