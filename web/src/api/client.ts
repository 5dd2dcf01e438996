/** The hotline's API, typed by its own description (`make check` makes `schema.d.ts` anew). */
import createClient from "openapi-fetch";

import { i18n, locale } from "../languages/index.ts";
import type { components, paths } from "./schema.d.ts";

export type Schemas = components["schemas"];

/** An answer that is no success: `id` is for programs, `message` for people, in their language. */
export class Refused extends Error {
  readonly status: number;
  readonly id: string;

  constructor(status: number, id: string, message: string) {
    super(message);
    this.status = status;
    this.id = id;
  }
}

export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });

const onRefusal: ((refused: Refused) => void)[] = [];

/** Have a function told of every refusal, such as a session that has ended. */
export function whenRefused(hear: (refused: Refused) => void): void {
  onRefusal.push(hear);
}

api.use({
  onRequest({ request }) {
    request.headers.set("Accept-Language", locale());
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return;
    const told = (await response.clone().json().catch(() => ({}))) as Partial<Schemas["ErrorOut"]>;
    const message = told.message ?? `${response.status} ${response.statusText}`;
    const refused = new Refused(response.status, told.error ?? "unknown", message);
    for (const hear of onRefusal) hear(refused);
    throw refused;
  },
});

/** The data of an answer; errors have been thrown before. */
export function data<T>(answer: { data?: T }): T {
  return answer.data as T;
}

/** What to tell a person of a request that failed. */
export function told(problem: unknown): string {
  return problem instanceof Refused ? problem.message : i18n.global.t("errors.network");
}
