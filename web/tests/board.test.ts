import assert from "node:assert/strict";
import { test } from "node:test";

import { apply, caption, EMPTY, type LiveCall, type Segment } from "../src/pure/board.ts";

function call(id: string, change: Partial<LiveCall> = {}): LiveCall {
  const blank = { queue: null, arrived: 0, answered: null, seats: [], held: false, recorded: true };
  return { id, caller: "138****0001", stage: "menu", captions: null, ...blank, ...change };
}

function segment(seq: number, text: string, change: Partial<Segment> = {}): Segment {
  const times = { start: seq, end: seq + 1, confidence: 0.9 };
  return { call: "a", leg: "citizen", seq, text, final: true, ...times, ...change };
}

test("a snapshot begins anew, a change adds, changes and removes", () => {
  let board = apply(EMPTY, { type: "snapshot", seq: 1, connected: true, calls: [call("a"), call("b")] });
  board = apply(board, { type: "change", seq: 2, calls: [call("b", { stage: "talking" })], gone_calls: ["a"] });
  assert.deepEqual([...board.calls.keys()], ["b"]);
  assert.equal(board.calls.get("b")?.stage, "talking");
  assert.equal(board.connected, true);
  board = apply(board, { type: "change", seq: 3, connected: false });
  assert.deepEqual([board.connected, board.calls.size], [false, 1]);
  board = apply(board, { type: "snapshot", seq: 1, connected: true, calls: [] });
  assert.equal(board.calls.size, 0);
});

test("a partial caption gives way to what follows, a final one to nothing", () => {
  let said = caption([], [segment(1, "你", { final: false })]);
  said = caption(said, [segment(1, "你好", { final: false })]);
  said = caption(said, [segment(1, "你好。"), segment(2, "我", { final: false })]);
  said = caption(said, [segment(1, "迟到", { final: false })]);
  assert.deepEqual(said.map((each) => each.text), ["你好。", "我"]);
});

test("both legs stand in the order of time", () => {
  const said = caption([], [segment(2, "后"), segment(1, "答", { leg: "agent", start: 1.5 }), segment(1, "先")]);
  assert.deepEqual(said.map((each) => each.text), ["先", "答", "后"]);
});
