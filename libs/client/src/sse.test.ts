import { array, assert, nat, property } from 'fast-check';
import { EventReader, type SentEvent } from './sse.js';

const all = (pieces: string[]): SentEvent[] => {
  const reader = new EventReader();
  return pieces.flatMap((piece) => reader.feed(piece));
};

describe('server-sent events', () => {
  it('reads ids, types, comments and data of several lines', () => {
    const text =
      ': hello\n\nid: 1\nevent: alert.raised\ndata: {"a":\ndata: 1}\n\ndata:x\r\n\r\nid: 7\rdata\r\rdata: cut';
    expect(all([text])).toEqual([
      { id: '1', event: 'alert.raised', data: '{"a":\n1}' },
      { id: '1', event: 'message', data: 'x' },
      { id: '7', event: 'message', data: '' },
    ]);
  });

  it('gives the same wherever the stream is cut', () => {
    const text = 'id: 1\r\ndata: a\r\n\r\n: c\n\nevent: b\rdata: ü\r\rdata: d\n\n\n\nid: 2\ndata: e\n\n';
    const whole = all([text]);
    expect(whole).toHaveLength(4);
    assert(
      property(array(nat(text.length), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        const pieces = at.slice(1).map((end, i) => text.slice(at[i], end));
        expect(all(pieces)).toEqual(whole);
      }),
    );
  });

  it('refuses a line without an end', () => {
    const reader = new EventReader();
    expect(() => {
      for (let i = 0; i < 100; i++) reader.feed('x'.repeat(100_000));
    }).toThrow('longer than');
  });
});
