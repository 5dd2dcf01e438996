/** The console's languages: Chinese first, each browser remembers its own. */
import elementEn from "element-plus/es/locale/lang/en";
import elementKo from "element-plus/es/locale/lang/ko";
import elementZh from "element-plus/es/locale/lang/zh-cn";
import { createI18n } from "vue-i18n";

import { en } from "./en.ts";
import { ko } from "./ko.ts";
import { type Words, zh } from "./zh.ts";

export const LANGUAGES = { "zh-CN": "中文", ko: "한국어", en: "English" } as const;
export type Locale = keyof typeof LANGUAGES;
export const ELEMENT = { "zh-CN": elementZh, ko: elementKo, en: elementEn };
const KEY = "hotline.language";

function remembered(): Locale {
  const kept = localStorage.getItem(KEY);
  return kept !== null && kept in LANGUAGES ? (kept as Locale) : "zh-CN";
}

export const i18n = createI18n<[Words], Locale, false>({
  legacy: false,
  locale: remembered(),
  messages: { "zh-CN": zh, ko, en },
});

/** The language in use. */
export function locale(): Locale {
  return i18n.global.locale.value as Locale;
}

/** Use a language from now on. */
export function speak(chosen: Locale): void {
  i18n.global.locale.value = chosen;
  localStorage.setItem(KEY, chosen);
  adopt();
}

/** Let the page say which language it is in. */
export function adopt(): void {
  document.documentElement.lang = locale();
  document.title = i18n.global.t("title");
}
