import { onUnmounted, ref } from "vue";

/** Seconds since 1970, once a second, while the part is shown. */
export function useNow() {
  const now = ref(Date.now() / 1000);
  const timer = setInterval(() => (now.value = Date.now() / 1000), 1000);
  onUnmounted(() => clearInterval(timer));
  return now;
}
