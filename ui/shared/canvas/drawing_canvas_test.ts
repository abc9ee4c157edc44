import assert from "node:assert/strict";
import { forceOf, PointerGuard } from "./drawing_canvas.ts";

const pointer = (pointerId: number, pointerType: string, timeStamp = 0) => ({ pointerId, pointerType, timeStamp });

Deno.test("one pointer draws at a time: a second finger is ignored until the first is lifted", () => {
  const guard = new PointerGuard();
  assert.equal(guard.down(pointer(1, "touch")), "draw");
  assert.equal(guard.down(pointer(2, "touch")), "ignore");
  assert(!guard.moved(pointer(2, "touch")));
  assert(!guard.up(pointer(2, "touch")));
  assert(guard.moved(pointer(1, "touch")));
  assert(guard.up(pointer(1, "touch")));
  assert.equal(guard.down(pointer(2, "touch")), "draw");
});

Deno.test("a pen takes over from a hand that touched the glass first", () => {
  const guard = new PointerGuard();
  guard.down(pointer(1, "touch"));
  assert.equal(guard.down(pointer(2, "pen")), "take over");
  assert(!guard.moved(pointer(1, "touch")));
  assert(guard.moved(pointer(2, "pen")));
});

Deno.test("a touch soon after a pen is ignored; one long after draws", () => {
  const guard = new PointerGuard();
  guard.down(pointer(1, "pen", 0));
  guard.up(pointer(1, "pen", 1000));
  assert.equal(guard.down(pointer(2, "touch", 1200)), "ignore");
  guard.moved(pointer(1, "pen", 2000));
  assert.equal(guard.down(pointer(3, "touch", 2100)), "ignore");
  assert.equal(guard.down(pointer(4, "mouse", 2100)), "draw");
  guard.up(pointer(4, "mouse", 2200));
  assert.equal(guard.down(pointer(5, "touch", 4000)), "draw");
});

Deno.test("only the pressure of a pen counts, and it changes the width moderately", () => {
  assert.equal(forceOf({ pointerType: "mouse", pressure: 0.5 }), 1);
  assert.equal(forceOf({ pointerType: "touch", pressure: 1 }), 1);
  assert.equal(forceOf({ pointerType: "pen", pressure: 0.5 }), 1);
  assert.equal(forceOf({ pointerType: "pen", pressure: 0 }), 1);
  const hard = forceOf({ pointerType: "pen", pressure: 1 });
  assert(hard > 1.1 && hard < 1.5, `${hard}`);
});
