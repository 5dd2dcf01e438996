/** Who is logged in here. */
import { reactive } from "vue";

import { api, data, Refused, type Schemas, whenRefused } from "./api/client.ts";

export type Permission = Schemas["Permission"];

export const session = reactive({
  me: null as Schemas["MeOut"] | null,
  /** The server said that the session is over, or never was. */
  ended: false,
});

whenRefused((refused) => {
  if (refused.status === 401 && session.me !== null) {
    session.me = null;
    session.ended = true;
  }
  if (refused.id === "password_change_required" && session.me !== null) {
    session.me.must_change_password = true;
  }
});

/** Whether the user has a permission; the server decides again with each request. */
export function may(permission: Permission): boolean {
  return session.me?.permissions.includes(permission) ?? false;
}

/** Find out who is logged in; null when nobody is. */
export async function whoAmI(): Promise<Schemas["MeOut"] | null> {
  try {
    session.me = data(await api.GET("/api/v1/me"));
  } catch (problem) {
    if (!(problem instanceof Refused) || problem.status !== 401) throw problem;
    session.me = null;
  }
  return session.me;
}

export async function login(username: string, password: string): Promise<void> {
  session.me = data(await api.POST("/api/v1/session", { body: { username, password } }));
  session.ended = false;
}

export async function logout(): Promise<void> {
  const me = session.me;
  session.me = null;
  if (me !== null) await api.DELETE("/api/v1/session");
}

export async function changePassword(old: string, chosen: string): Promise<void> {
  await api.POST("/api/v1/session/password", { body: { old, new: chosen } });
  await whoAmI();
}
