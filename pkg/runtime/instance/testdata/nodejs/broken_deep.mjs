import { mark } from './esm/through.js'

export const handler = () => mark
