/** The room `catalogue`: resources, their versions and aliases, and uploads in parts. */
import {
  Alias,
  AliasHistory,
  AliasList,
  Collectable,
  PartLinks,
  PieceBegun,
  Resource,
  ResourceLineage,
  ResourceList,
  ResourceNodeList,
  ResourceUsage,
  ResourceVersion,
  ResourceVersionDetails,
  ResourceVersionList,
  Retention,
  Upload,
  UploadBegun,
  type AliasChange,
  type AliasMove,
  type CollectableQuery,
  type PageQuery,
  type PieceBegin,
  type ResourceCreate,
  type ResourceNodeQuery,
  type RetentionSet,
  type UploadBegin,
} from '@millrace/schemas';
import type { Http } from './http.js';
import { segment } from './pages.js';

export const catalogueOf = (http: Http) => {
  const of = (name: string) => `/v1/resources/${segment(name)}`;
  const retention = (name?: string) => (name === undefined ? '/v1/retention' : `${of(name)}/retention`);
  const upload = (name: string, id: string) => `${of(name)}/uploads/${segment(id)}`;
  return {
    list: (query: PageQuery = {}) => http.ask(ResourceList, 'GET', '/v1/resources', { query }),
    get: (name: string) => http.ask(Resource, 'GET', of(name)),
    create: (body: ResourceCreate) => http.ask(Resource, 'POST', '/v1/resources', { body }),
    remove: (name: string) => http.tell('DELETE', of(name)),
    versions: (name: string, query: PageQuery = {}) =>
      http.ask(ResourceVersionList, 'GET', `${of(name)}/versions`, { query }),
    version: (name: string, version: number) =>
      http.ask(ResourceVersionDetails, 'GET', `${of(name)}/versions/${version}`),
    removeVersion: (name: string, version: number) => http.tell('DELETE', `${of(name)}/versions/${version}`),
    usage: (name: string, query: PageQuery = {}) =>
      http.ask(ResourceUsage, 'GET', `${of(name)}/usage`, { query }),

    /** Who made it of what, what locks it, which nodes run it. */
    lineage: (name: string, version: number) =>
      http.ask(ResourceLineage, 'GET', `${of(name)}/versions/${version}/lineage`),
    /** Where it ran and when, newest first. */
    nodes: (name: string, version: number, query: ResourceNodeQuery = {}) =>
      http.ask(ResourceNodeList, 'GET', `${of(name)}/versions/${version}/nodes`, { query }),

    /** What would be collected: by the policies that hold, or by another one. */
    collectable: (query: CollectableQuery = {}) =>
      http.ask(Collectable, 'GET', '/v1/resources:collectable', { query }),
    /** Of a resource; of the organization without a name. */
    retention: (name?: string) => http.ask(Retention, 'GET', retention(name)),
    setRetention: (body: RetentionSet, name?: string) =>
      http.ask(Retention, 'PUT', retention(name), { body }),
    forgetRetention: (name: string) => http.tell('DELETE', retention(name)),

    beginUpload: (name: string, body: UploadBegin) =>
      http.ask(UploadBegun, 'POST', `${of(name)}/versions:begin-upload`, { body }),
    upload: (name: string, id: string) => http.ask(Upload, 'GET', upload(name, id)),
    /** What was sent is forgotten. */
    abortUpload: (name: string, id: string) => http.tell('DELETE', upload(name, id)),
    /** Fresh links for these parts, or for those that are missing. */
    partLinks: (name: string, id: string, parts?: number[]) =>
      http.ask(PartLinks, 'POST', `${upload(name, id)}:parts`, { body: { parts } }),
    completeUpload: (name: string, id: string) =>
      http.ask(ResourceVersion, 'POST', `${upload(name, id)}:complete-upload`),

    /** Bytes without a version, for a runtime to name. */
    beginPiece: (name: string, body: PieceBegin) =>
      http.ask(PieceBegun, 'POST', `${of(name)}/pieces:begin-upload`, { body }),
    completePiece: (name: string, id: string) =>
      http.ask(Upload, 'POST', `${of(name)}/pieces/${segment(id)}:complete-upload`),

    aliases: (name: string) => http.ask(AliasList, 'GET', `${of(name)}/aliases`),
    /** With its ETag, which a move sends as `ifMatch`. */
    alias: (name: string, alias: string) =>
      http.answer(Alias, 'GET', `${of(name)}/aliases/${segment(alias)}`),
    /** A new alias needs no `ifMatch`. */
    moveAlias: (name: string, alias: string, body: AliasMove, ifMatch?: string) =>
      http.answer(Alias, 'PUT', `${of(name)}/aliases/${segment(alias)}`, {
        body,
        headers: ifMatch === undefined ? { 'if-none-match': '*' } : { 'if-match': ifMatch },
      }),
    /** Whether it moves by promotions alone, which somebody else approves. */
    changeAlias: (name: string, alias: string, body: AliasChange) =>
      http.ask(Alias, 'PATCH', `${of(name)}/aliases/${segment(alias)}`, { body }),
    aliasHistory: (name: string, alias: string, query: PageQuery = {}) =>
      http.ask(AliasHistory, 'GET', `${of(name)}/aliases/${segment(alias)}/history`, { query }),
  };
};
