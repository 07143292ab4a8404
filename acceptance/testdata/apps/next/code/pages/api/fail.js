export default function handler() {
  throw new Error("on purpose");
}
