import "element-plus/dist/index.css";
import "./style.css";

import { createApp } from "vue";

import App from "./App.vue";
import { adopt, i18n } from "./languages/index.ts";
import { router } from "./router.ts";

adopt();
createApp(App).use(i18n).use(router).mount("#app");
