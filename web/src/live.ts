/** The link that tells what goes on now; it mends itself. */
import { reactive, shallowRef } from "vue";

import { apply, type Board, EMPTY, type Message, type Segment } from "./pure/board.ts";
import { session, whoAmI } from "./session.ts";

const SHORTEST = 500; // milliseconds before another try
const LONGEST = 10_000;
const SESSION_ENDED = 4401;

export const link = reactive({ state: "connecting" as "connecting" | "on" | "away" });
export const board = shallowRef<Board>(EMPTY);

const hearers = new Set<(news: Segment[]) => void>();
let socket: WebSocket | null = null;
let pause = SHORTEST;
let timer: number | undefined;

/** Have a function told of new captions; gives what ends that. */
export function hearCaptions(hear: (news: Segment[]) => void): () => void {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

/** Begin to watch, and go on until `unwatch`. */
export function watch(): void {
  if (socket !== null || timer !== undefined) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/api/v1/events`);
  socket.onmessage = (event) => take(JSON.parse(event.data as string) as Message);
  socket.onclose = (event) => void lost(event.code);
}

export function unwatch(): void {
  clearTimeout(timer);
  timer = undefined;
  const open = socket;
  socket = null;
  if (open !== null) {
    open.onclose = null;
    open.close();
  }
  board.value = EMPTY;
  link.state = "connecting";
}

function take(message: Message): void {
  link.state = "on";
  pause = SHORTEST;
  if (message.segments !== undefined) for (const hear of hearers) hear(message.segments);
  else board.value = apply(board.value, message);
}

async function lost(code: number): Promise<void> {
  socket = null;
  link.state = "away";
  timer = window.setTimeout(() => {
    timer = undefined;
    if (session.me !== null) watch();
  }, pause);
  pause = Math.min(pause * 2, LONGEST);
  if (code === SESSION_ENDED) await whoAmI().catch(() => null);
}
