import assert from "node:assert/strict";
import { isDark, readTheme, themeCookie, THEMES } from "./theme.ts";

Deno.test("a theme is read back from among other cookies, and an unknown theme means the system's", () => {
  for (const theme of THEMES) {
    const [pair] = themeCookie(theme).split("; ");
    assert.equal(readTheme(`token=a; ${pair}; other=dark`), theme);
  }
  for (const cookies of ["", "token=dark", "mnist_lab_theme=pink", "mnist_lab_theme"]) {
    assert.equal(readTheme(cookies), "system", cookies);
  }
});

Deno.test("choosing the system's theme removes the cookie", () => {
  assert.match(themeCookie("system"), /Max-Age=0;/);
  assert.match(themeCookie("dark"), /Max-Age=[1-9]/);
});

Deno.test("a choice wins over the system", () => {
  assert.deepEqual([isDark("light", true), isDark("dark", false)], [false, true]);
  assert.deepEqual([isDark("system", true), isDark("system", false)], [true, false]);
});
