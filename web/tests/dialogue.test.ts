import assert from "node:assert/strict";
import { test } from "node:test";

import { heardAt, lanes, marked, neighbour, playFrom } from "../src/pure/dialogue.ts";

const SAID = [
  { speaker: "agent", start: 0.5, end: 2 },
  { speaker: "citizen", start: 3, end: 8 },
  { speaker: "agent", start: 6, end: 7 },
  { speaker: "expert-1", start: 12, end: 14 },
];

test("of two who speak at once the one who began last is shown", () => {
  assert.deepEqual([0, 1, 2.5, 4, 6.5, 7.5, 10, 13].map((at) => heardAt(SAID, at)), [-1, 0, -1, 1, 2, 1, -1, 3]);
});

test("an utterance is played from just before its first word, never before the beginning", () => {
  assert.equal(playFrom(SAID[1]!), 2.85);
  assert.equal(playFrom({ speaker: "agent", start: 0.1, end: 1 }), 0);
});

test("where an utterance is played from, it is the one that is shown", () => {
  for (const [index, one] of SAID.entries()) {
    if (index === 2) continue; // it begins while another one speaks, and is shown from there too
    assert.equal(heardAt(SAID, playFrom(one)), index);
  }
});

test("the keys lead through all utterances and stop at both ends", () => {
  const seen = [];
  for (let at = 0, step = 0; step < 6; step++) {
    const next = neighbour(SAID, at, 1);
    seen.push(next);
    at = playFrom(SAID[next]!);
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 3, 3]);
  assert.equal(neighbour(SAID, 13, -1), 2);
  assert.equal(neighbour(SAID, 10, -1), 2);
  assert.equal(neighbour(SAID, 0, -1), 0);
});

test("lanes hold every utterance once, the citizen first", () => {
  const found = lanes(SAID, 20);
  assert.deepEqual(found.map((lane) => lane.speaker), ["citizen", "agent", "expert-1"]);
  assert.deepEqual(found.flatMap((lane) => lane.spans.map((span) => span.index)).sort(), [0, 1, 2, 3]);
  assert.deepEqual(found[0]!.spans, [{ index: 1, left: 0.15, width: 0.25 }]);
  assert.deepEqual(lanes(SAID, 0).flatMap((lane) => lane.spans), []);
});

test("words that are sought are marked, whatever they are made of", () => {
  assert.deepEqual(marked("小区停水了", "停水"), [
    { text: "小区", hit: false },
    { text: "停水", hit: true },
    { text: "了", hit: false },
  ]);
  assert.deepEqual(marked("a+b (c)", "(c) +b"), [
    { text: "a", hit: false },
    { text: "+b", hit: true },
    { text: " ", hit: false },
    { text: "(c)", hit: true },
  ]);
  for (const words of ["", "  ", "没有"]) assert.deepEqual(marked("停水", words), [{ text: "停水", hit: false }]);
  assert.equal(marked("水水停水", "水 停水").map((piece) => piece.text).join(""), "水水停水");
});
