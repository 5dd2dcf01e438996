import { createRouter, createWebHistory } from "vue-router";

import { session, whoAmI } from "./session.ts";

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/", redirect: "/calls" },
    { path: "/login", component: () => import("./pages/LoginPage.vue"), meta: { open: true } },
    { path: "/password", component: () => import("./pages/PasswordPage.vue") },
    { path: "/calls", component: () => import("./pages/CallsPage.vue") },
    { path: "/calls/:id", component: () => import("./pages/CallPage.vue"), props: true },
    { path: "/search", component: () => import("./pages/SearchPage.vue") },
    { path: "/system", component: () => import("./pages/SystemPage.vue") },
    { path: "/:rest(.*)*", redirect: "/calls" },
  ],
});

router.beforeEach(async (to) => {
  if (session.me === null && !session.ended) await whoAmI().catch(() => null);
  if (session.me === null) return to.meta["open"] ? true : { path: "/login", query: { to: to.fullPath } };
  if (session.me.must_change_password) return to.path === "/password" ? true : "/password";
  return to.path === "/login" ? "/calls" : true;
});
