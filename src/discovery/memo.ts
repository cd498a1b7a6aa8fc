/**
 * What was made of two objects that never change, for as long as both live. Who knows 500 containers and hears of one does
 * not think about the other 499 again; and what is the same object as before need not be compared.
 */
export class Memo<A extends object, B extends object, V> {
  private readonly values = new WeakMap<A, WeakMap<B, { readonly inputs: readonly unknown[]; readonly value: V }>>();

  /** `inputs`: what else it is made of; it is made anew when one of them is another than the last time. */
  of(a: A, b: B, inputs: readonly unknown[], make: () => V): V {
    let values = this.values.get(a);
    if (values === undefined) {
      values = new WeakMap();
      this.values.set(a, values);
    }
    const known = values.get(b);
    if (known !== undefined && inputs.every((input, i) => input === known.inputs[i])) return known.value;
    const value = make();
    values.set(b, { inputs, value });
    return value;
  }
}
