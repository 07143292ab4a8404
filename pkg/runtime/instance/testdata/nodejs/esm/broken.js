export const ok = 1

const mark = = 2
export { mark }
