import { useI18n } from "vue-i18n";

/** How who speaks is called and coloured. */
export function useSpeaker() {
  const { t } = useI18n();
  const name = (speaker: string): string => {
    if (speaker === "citizen" || speaker === "agent") return t(`call.speakers.${speaker}`);
    return t("call.speakers.expert", { number: speaker.replace(/\D+/g, "") });
  };
  const colour = (speaker: string): string =>
    `var(--${speaker === "citizen" || speaker === "agent" ? speaker : "expert"})`;
  return { name, colour };
}
