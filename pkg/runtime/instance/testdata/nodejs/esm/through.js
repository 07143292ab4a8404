export { mark } from './broken.js'
