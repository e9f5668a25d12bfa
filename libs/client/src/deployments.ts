/** The room `deployments`: bringing flow versions to groups, and the assignments that stay. */
import {
  Assignment,
  AssignmentList,
  Deployment,
  DeploymentList,
  DeploymentReasons,
  DeploymentTimeline,
  Plan,
  TargetList,
  type AbortRequest,
  type AssignmentQuery,
  type DeploymentCreate,
  type DeploymentQuery,
  type PageQuery,
  type TargetQuery,
} from '@millrace/schemas';
import type { Http } from './http.js';
import { segment } from './pages.js';

export const deploymentsOf = (http: Http) => {
  const move = (id: string, verb: string, body?: unknown) =>
    http.ask(Deployment, 'POST', `/v1/deployments/${segment(id)}:${verb}`, { body });
  return {
    list: (query: DeploymentQuery = {}) => http.ask(DeploymentList, 'GET', '/v1/deployments', { query }),
    get: (id: string) => http.ask(Deployment, 'GET', `/v1/deployments/${segment(id)}`),
    deploy: (body: DeploymentCreate) => http.ask(Deployment, 'POST', '/v1/deployments', { body }),
    /** What a deployment would do; changes nothing. */
    plan: (body: DeploymentCreate) => http.ask(Plan, 'POST', '/v1/deployments:plan', { body }),
    targets: (id: string, query: TargetQuery = {}) =>
      http.ask(TargetList, 'GET', `/v1/deployments/${segment(id)}/targets`, { query }),
    /** What happened to it, newest first. */
    timeline: (id: string, query: PageQuery = {}) =>
      http.ask(DeploymentTimeline, 'GET', `/v1/deployments/${segment(id)}/timeline`, { query }),
    /** Why targets do not run it, most first. */
    reasons: (id: string) => http.ask(DeploymentReasons, 'GET', `/v1/deployments/${segment(id)}/reasons`),
    pause: (id: string) => move(id, 'pause'),
    resume: (id: string) => move(id, 'resume'),
    abort: (id: string, nodes?: NonNullable<AbortRequest>['nodes']) => move(id, 'abort', { nodes }),
    rollback: (id: string) => move(id, 'rollback'),
    retry: (id: string) => move(id, 'retry'),
    assignments: (query: AssignmentQuery = {}) =>
      http.ask(AssignmentList, 'GET', '/v1/assignments', { query }),
    assignment: (id: string) => http.ask(Assignment, 'GET', `/v1/assignments/${segment(id)}`),
    undeploy: (assignment: string) => http.tell('DELETE', `/v1/assignments/${segment(assignment)}`),
  };
};
