/** What arrives at a module and what leaves it; another wire can be drawn from here, without a mouse. */
import { ActionIcon, Select } from '@mantine/core';
import { mayConnect, portsOf, wireFrom, type Contracts, type Fit } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument } from '@millrace/schemas';
import { X } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { WireEnds } from '../graph/elements.js';
import classes from './inspector.module.css';
import { leadingTo, portWord } from './wiring.js';

interface WiresProps {
  document: FlowDocument;
  module: string;
  editable: boolean;
  contracts: Contracts;
  onConnect(wire: WireEnds): string | undefined;
  onDisconnect(wire: WireEnds): void;
}

export function Wires({ document, module: id, editable, contracts, onConnect, onDisconnect }: WiresProps) {
  const module = document.modules[id]!;
  const kind = kinds.get(module.type);
  const [told, setTold] = useState<string>();
  const arriving = (module.from ?? []).map(wireFrom);
  const outputs = leadingTo(document, id, portsOf(document, kinds, id));
  const free = kind?.inputs === 'many' || arriving.length === 0;
  return (
    <section className={classes.section} aria-label="Wires">
      {kind?.inputs !== 'none' && (
        <div className={classes.wireRow}>
          <span className={classes.wireWord}>from</span>
          <div className={classes.wireList}>
            {arriving.map(({ from, port }) => (
              <span key={`${from}.${port}`} className={classes.wire}>
                <code>{portWord(from, port)}</code>
                {editable && (
                  <ActionIcon
                    size={18}
                    aria-label={`Remove the wire from ${portWord(from, port)}`}
                    onClick={() => onDisconnect({ from, port, to: id })}
                  >
                    <X size={12} />
                  </ActionIcon>
                )}
              </span>
            ))}
            {editable && free && (
              <ConnectFrom
                document={document}
                module={id}
                contracts={contracts}
                onConnect={(from, port) => setTold(onConnect({ from, port, to: id }))}
              />
            )}
            {!editable && arriving.length === 0 && <span className={classes.meta}>nothing yet</span>}
          </div>
        </div>
      )}
      {told !== undefined && <p className={classes.wrong}>{told}</p>}
      {outputs.map(({ port, to }) => (
        <div key={port} className={classes.wireRow}>
          <span className={classes.wireWord}>{outputs.length === 1 ? 'to' : <code>{port}</code>}</span>
          <div className={classes.wireList}>
            {to.map((one) => (
              <span key={one} className={classes.wire}>
                <code>{one}</code>
                {editable && (
                  <ActionIcon
                    size={18}
                    aria-label={`Remove the wire from ${port} to ${one}`}
                    onClick={() => onDisconnect({ from: id, port, to: one })}
                  >
                    <X size={12} />
                  </ActionIcon>
                )}
              </span>
            ))}
            {to.length === 0 && <span className={classes.meta}>leads nowhere yet</span>}
          </div>
        </div>
      ))}
    </section>
  );
}

interface ConnectFromProps {
  document: FlowDocument;
  module: string;
  contracts: Contracts;
  onConnect(from: string, port: string): void;
}

interface Offer {
  from: string;
  port: string;
  fit: Fit;
}

function ConnectFrom({ document, module, contracts, onConnect }: ConnectFromProps) {
  // Asking each port whether it fits follows the whole flow: only while one chooses.
  const [asked, setAsked] = useState(false);
  const offers = useMemo(
    () => (asked ? offersOf(document, module, contracts) : []),
    [asked, document, module, contracts],
  );
  return (
    <Select
      aria-label={`Connect ${module} from`}
      placeholder="connect from…"
      className={classes.connect}
      searchable
      value={null}
      onFocus={() => setAsked(true)}
      onDropdownClose={() => setAsked(false)}
      onDropdownOpen={() => setAsked(true)}
      comboboxProps={{ width: 300, position: 'bottom-start' }}
      nothingFoundMessage="There is no other module that it could come from"
      data={offers.map(({ from, port, fit }) => ({
        value: `${from}.${port}`,
        label: portWord(from, port),
        disabled: !fit.ok,
      }))}
      renderOption={({ option }) => {
        const fit = offers.find(({ from, port }) => `${from}.${port}` === option.value)?.fit;
        const why = fit === undefined ? '' : fit.ok ? (fit.warning ?? '') : fit.why;
        return (
          <span className={classes.offer}>
            <span className={classes.optionName}>{option.label}</span>
            {why !== '' && <span className={classes.offerWhy}>{why}</span>}
          </span>
        );
      }}
      onChange={(value) => {
        const offer = offers.find(({ from, port }) => `${from}.${port}` === value);
        if (offer !== undefined) onConnect(offer.from, offer.port);
      }}
    />
  );
}

/** Those that fit first. Those that are connected already are no offer. */
function offersOf(document: FlowDocument, to: string, contracts: Contracts): Offer[] {
  const there = new Set(
    (document.modules[to]?.from ?? []).map((text) => portWord(wireFrom(text).from, wireFrom(text).port)),
  );
  const all = Object.keys(document.modules)
    .filter((from) => from !== to)
    .flatMap((from) => portsOf(document, kinds, from).map((port) => ({ from, port })))
    .filter(({ from, port }) => !there.has(portWord(from, port)))
    .slice(0, ASKED)
    .map(({ from, port }) => ({
      from,
      port,
      fit: mayConnect(document, kinds, { module: from, port }, { module: to }, contracts),
    }));
  return [...all.filter(({ fit }) => fit.ok), ...all.filter(({ fit }) => !fit.ok)];
}

/** In a flow of hundreds of modules each answer takes milliseconds. */
const ASKED = 200;
