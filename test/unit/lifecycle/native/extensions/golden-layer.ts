/**
 * A layer in the extender's form, and the digest of the layer that Go converts it to.
 *
 * A Go program created both with Go's archive/tar. The input has PAX records with times in nanoseconds, a whiteout, a file
 * capability, links, and names and numbers that need records; the output has the lifecycle's constant time and no other times.
 */

import { gunzipSync } from 'node:zlib'

const GZIPPED =
  'H4sIAAAAAAACA+2by27iMBSGPV3yFH6C4ONL3C5YdUOlWYzUVZcecIvV3BSMBt5n3mRerIKoiySCNiNsmnK+TSxFiEv8/+f4tykrP03+rJKXsrAkEKzh2LU/' +
  'BhBcEcpIBDZrb2rC2Lm/5EgoKz/9ZbZza5a2XifsEs8fBO88f6YlJ3Q7puc/UgSjxrvczkC///4JcCFVqm/vJoLRxcm7+fG7BBmJ/kO/x35iaKVO+j9IxaXW' +
  'TDb6ZwoIVej/0f1/WmXGFZf2f86kQv9H/0di6D+A5Hv6T6VsNC6hfT2QdvwfgGH/H4WVzbIStXrV+m/V/4WpzO/Mnlv/p+o/56Jb/4XA9V8UlKaP9/OHn0/J' +
  '1nhfJ2u72NTO75LDPHCZ87vZD0JuCG2/boKNw7fRfwDJD1n/AYju+g9EClj/Y7BFkACgs460/8tc8RrA/4flP5Bqjf0f5j9IDP0HkPzx/OdT+T9XMiUUYoRT' +
  'mP+3/X+9y889H/4j/5eCof+j/yMx9B9A8v31v9aD/H+f//PQ3o/+T5autgtf1rtpsNGH/i9ZJ/8VnHHs/0fu/6AkrYxfzSJMsU+Pnl1mJ6Doxi1novnI112o' +
  'IulfDjr/IwQXGvPfi/T/RX72jYAP+38lu/mP4nj+Z+z+f9vY/36GFf/+5hZXBF9U/wEk389/Tp7/h+75T7Xf/0f/D49BCVy9/tvnf11lA+gf938w/0O+pv4D' +
  'SH5g/e/9/0ODIjTF+o8gCBKMNwiuL+EAPgAA'

export const EXTENDER_LAYER = gunzipSync(Buffer.from(GZIPPED, 'base64'))

export const APP_LAYER_DIGEST = 'sha256:33ff25a4d39a2530ae4f1d1cfb7bbd5558038b65d9ccd7bfebb8606c22b2cdcb'
