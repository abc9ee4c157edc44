import assert from "node:assert/strict";
import { isDark, readTheme, themeCookie, THEMES } from "./theme.ts";

Deno.test("a theme is found again among other cookies, and a strange one counts as none", () => {
  for (const theme of THEMES) {
    const [pair] = themeCookie(theme).split("; ");
    assert.equal(readTheme(`token=a; ${pair}; other=dark`), theme);
  }
  for (const cookies of ["", "token=dark", "mnist_lab_theme=pink", "mnist_lab_theme"]) {
    assert.equal(readTheme(cookies), "system", cookies);
  }
});

Deno.test("going back to the system's theme leaves no cookie behind", () => {
  assert.match(themeCookie("system"), /Max-Age=0;/);
  assert.match(themeCookie("dark"), /Max-Age=[1-9]/);
});

Deno.test("a choice wins over the system", () => {
  assert.deepEqual([isDark("light", true), isDark("dark", false)], [false, true]);
  assert.deepEqual([isDark("system", true), isDark("system", false)], [true, false]);
});
