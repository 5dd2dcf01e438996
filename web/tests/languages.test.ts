import assert from "node:assert/strict";
import { test } from "node:test";

import { en } from "../src/languages/en.ts";
import { ko } from "../src/languages/ko.ts";
import { zh } from "../src/languages/zh.ts";

/** Every text of a language by its path; with the places to be filled in it. */
function texts(words: object, path = ""): Map<string, string> {
  return new Map(
    Object.entries(words).flatMap(([key, value]) =>
      typeof value === "string" ? [[`${path}${key}`, value]] : [...texts(value, `${path}${key}.`)],
    ),
  );
}

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

test("every language says everything, with the same places to be filled in", () => {
  const chinese = texts(zh);
  for (const other of [en, ko].map((words) => texts(words))) {
    assert.deepEqual([...other.keys()].sort(), [...chinese.keys()].sort());
    for (const [key, text] of other) {
      assert.ok(text.trim(), key);
      assert.deepEqual(places(text), places(chinese.get(key)!), key);
    }
  }
});
