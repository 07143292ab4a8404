import { basename } from 'path'

const name = await Promise.resolve(basename(new URL(import.meta.url).pathname))

export const handler = async (event, context) => `${name} got ${event}`

export function callback (event, context, done) {
  done(null, 'by callback')
}

export async function fail () {
  throw new Error('in a module')
}
