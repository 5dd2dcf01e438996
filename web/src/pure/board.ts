/** What goes on now, as `/api/v1/events` tells it. Pure. */

export type Stage = "menu" | "queue" | "talking" | "after";
export type CaptionState = "on" | "off" | "no_model" | "busy" | "away" | "complete";

/** A call going on; times are seconds since 1970. */
export interface LiveCall {
  id: string;
  caller: string;
  stage: Stage;
  queue: string | null;
  arrived: number;
  answered: number | null;
  seats: string[];
  held: boolean;
  recorded: boolean;
  captions: CaptionState | null;
}

/** A live caption; a partial one is replaced by the next with the same `call`, `leg` and `seq`. */
export interface Segment {
  call: string;
  leg: "citizen" | "agent";
  seq: number;
  start: number;
  end: number;
  text: string;
  confidence: number;
  final: boolean;
}

export interface Message {
  type: "snapshot" | "change";
  seq: number;
  connected?: boolean;
  calls?: LiveCall[];
  gone_calls?: string[];
  segments?: Segment[];
}

export interface Board {
  connected: boolean;
  calls: ReadonlyMap<string, LiveCall>;
}

export const EMPTY: Board = { connected: false, calls: new Map() };

/** The board after a message: a snapshot begins it anew, a change changes it. */
export function apply(board: Board, message: Message): Board {
  const calls = new Map(message.type === "snapshot" ? [] : board.calls);
  for (const call of message.calls ?? []) calls.set(call.id, call);
  for (const id of message.gone_calls ?? []) calls.delete(id);
  return { connected: message.connected ?? board.connected, calls };
}

/** The captions of one call with those that came since, as they were spoken. */
export function caption(known: readonly Segment[], news: readonly Segment[]): Segment[] {
  const kept = new Map(known.map((each) => [`${each.leg} ${each.seq}`, each]));
  for (const each of news) {
    const key = `${each.leg} ${each.seq}`;
    if (!kept.get(key)?.final) kept.set(key, each);
  }
  return [...kept.values()].sort((a, b) => a.start - b.start || a.leg.localeCompare(b.leg));
}
