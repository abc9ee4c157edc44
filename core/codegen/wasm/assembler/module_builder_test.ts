import assert from "node:assert/strict";
import { i32, i32x4, v128 } from "./instructions.ts";
import { ModuleBuilder } from "./module_builder.ts";

Deno.test("a module accepts only a memory of its size that cannot grow", () => {
  for (const shared of [false, true]) {
    const builder = new ModuleBuilder({ relaxedFma: false });
    builder.addFunction("store", ["i32"], (f) => f.emit(i32.store(f.params[0].get, 0, i32.const(7))), {
      exported: true,
    });
    const module = new WebAssembly.Module(builder.encode({ pages: 2, shared }));
    const open = (initial: number, maximum: number) => {
      const memory = new WebAssembly.Memory({ initial, maximum, shared });
      const { store } = new WebAssembly.Instance(module, { env: { memory } }).exports;
      (store as (at: number) => void)(64);
      return new Int32Array(memory.buffer)[16];
    };
    assert.equal(open(2, 2), 7);
    // V8 would have to check its size again and again.
    assert.throws(() => open(2, 3), WebAssembly.LinkError);
    assert.throws(() => open(1, 2), WebAssembly.LinkError);
    assert.throws(() => open(3, 3), WebAssembly.LinkError);
  }
});

Deno.test("a constant is made once, whatever code reads it, and has its value from the beginning", () => {
  const builder = new ModuleBuilder({ relaxedFma: false });
  builder.addFunction("run", [], (f) => {
    const seven = f.constant(i32x4.const(7));
    f.emit(v128.store(i32.const(0), 0, seven));
    f.emit(v128.store(i32.const(0), 16, i32x4.add(f.constant(i32x4.const(7)), f.constant(i32x4.const(5)))));
    assert.equal(f.constant(i32x4.const(7)), seven);
  }, { exported: true });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const module = new WebAssembly.Module(builder.encode({ pages: 1, shared: false }));
  (new WebAssembly.Instance(module, { env: { memory } }).exports.run as () => void)();
  assert.deepEqual([...new Int32Array(memory.buffer, 0, 8)], [7, 7, 7, 7, 12, 12, 12, 12]);
});
