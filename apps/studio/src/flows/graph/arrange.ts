/** Lays a flow out from left to right with few crossings (ELK, layered), in a worker so that nothing stands still. */
import { graphOf } from '@millrace/flow';
import type { FlowDocument } from '@millrace/schemas';
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { CARD } from './look.js';
import { placesOf, type Places } from './places.js';

/** Longer than 2,000 modules take on a slow laptop. */
const DEADLINE_MS = 20_000;
/** Of a card that shows values: it shall not touch another when they come. */
const TALL = CARD.height + CARD.live;

/** Rejects when it takes too long or the worker cannot be started; placesOf is then good enough. */
export async function arrange(document: Pick<FlowDocument, 'modules'>): Promise<Places> {
  const [{ default: Elk }, { default: url }] = await Promise.all([
    import('elkjs/lib/elk-api.js'),
    import('elkjs/lib/elk-worker.min.js?url'),
  ]);
  const worker = new Worker(url);
  const elk = new Elk({ workerFactory: () => worker });
  try {
    const { children = [] } = await Promise.race([elk.layout(graphFor(document)), refused(worker)]);
    return new Map(children.map(({ id, x = 0, y = 0 }) => [id, { x: Math.round(x), y: Math.round(y) }]));
  } finally {
    worker.terminate();
  }
}

function graphFor(document: Pick<FlowDocument, 'modules'>): ElkNode {
  const { modules, wires, outOf } = graphOf(document);
  return {
    id: 'flow',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'RIGHT',
      'elk.spacing.nodeNode': '32',
      'elk.layered.spacing.nodeNodeBetweenLayers': '56',
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
      'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
      'elk.separateConnectedComponents': 'true',
      ...(isLong(document) && WRAPPED),
    },
    children: modules.map((id) => ({ id, width: CARD.width, height: TALL })),
    edges: wires
      .filter(({ from }) => outOf.has(from))
      .map(({ from, to, index }) => ({ id: `${to}/${index}`, sources: [from], targets: [to] })),
  };
}

/** A long chain goes on in the next line, as a text does, so that it can be read without moving about. */
const WRAPPED = {
  'elk.layered.wrapping.strategy': 'MULTI_EDGE',
  'elk.layered.wrapping.additionalEdgeSpacing': '24',
  'elk.aspectRatio': '1.9',
};
const LONG = 5;

function isLong({ modules }: Pick<FlowDocument, 'modules'>): boolean {
  const right = [...placesOf({ modules, layout: undefined }).values()].map(({ x }) => x);
  return Math.max(0, ...right) >= LONG * CARD.width;
}

function refused(worker: Worker): Promise<never> {
  return new Promise((_, reject) => {
    worker.addEventListener('error', () => reject(new Error('The layout could not be started.')));
    setTimeout(() => reject(new Error('The layout took too long.')), DEADLINE_MS);
  });
}
