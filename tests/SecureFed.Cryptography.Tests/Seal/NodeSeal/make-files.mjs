// Makes the files of ../Files with Microsoft SEAL. Usage: node make-files.mjs TOOLS (see driver.mjs). Keys and noise are fresh each time.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const driver = spawn(process.execPath, [fileURLToPath(new URL('driver.mjs', import.meta.url)), process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] })
const answers = createInterface({ input: driver.stdout })[Symbol.asyncIterator]()

async function ask(operation, more = {}) {
  driver.stdin.write(JSON.stringify({ operation, ...more }) + '\n')
  const answer = JSON.parse((await answers.next()).value)
  if (!answer.ok) throw new Error(`SEAL refused ${operation}`)
  return answer
}

const save = (name, base64) => writeFileSync(new URL(`../Files/${name}.seal`, import.meta.url), Buffer.from(base64, 'base64'))
const digest = base64 => createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex')
const set = { degree: 1024, primes: ['132120577'], plainModulus: '12289' }

const { nodeSeal, node } = await ask('versions')
const { context, keyId, dataId, parameters } = await ask('context', { ...set, security: 'tc128' })
const keys = await ask('keys', { context })
const plaintext = await ask('batch', { context, values: Array.from({ length: 1024 }, (_, i) => String((i * i) % 12289)) })
const ciphertext = await ask('encrypt', { context, secretKey: keys.secretKey.none, publicKey: keys.publicKey.none, plaintext: plaintext.file.none })
const sum = await ask('add', { context, files: [ciphertext.full.none, ciphertext.seeded.none] })
const expanded = await ask('load', { context, kind: 'ciphertext', file: ciphertext.seeded.none })
const expandedKey = await ask('load', { context, kind: 'publicKey', file: keys.seededPublicKey.none })

save('parameters', parameters.none)
save('parameters-zlib', parameters.zlib)
save('secret-key-zlib', keys.secretKey.zlib)
save('public-key-zlib', keys.publicKey.zlib)
save('public-key-seeded-zlib', keys.seededPublicKey.zlib)
save('plaintext-zlib', plaintext.file.zlib)
save('ciphertext', ciphertext.full.none)
save('ciphertext-zlib', ciphertext.full.zlib)
save('ciphertext-zstd', ciphertext.full.zstd)
save('ciphertext-seeded', ciphertext.seeded.none)
save('ciphertext-seeded-zlib', ciphertext.seeded.zlib)

writeFileSync(new URL('../Files/expected.json', import.meta.url), JSON.stringify({
  source: `Microsoft SEAL 4.1.2 as node-seal ${nodeSeal} under Node ${node}`,
  regenerate: 'node make-files.mjs TOOLS, in the folder NodeSeal',
  ...set, keyId, dataId,
  plaintextText: plaintext.text,
  sha256: {
    'secret-key': digest(keys.secretKey.none),
    'public-key': digest(keys.publicKey.none),
    'public-key-seeded': digest(keys.seededPublicKey.none),
    'public-key-expanded': digest(expandedKey.file),
    plaintext: digest(plaintext.file.none),
    ciphertext: digest(ciphertext.full.none),
    'ciphertext-seeded': digest(ciphertext.seeded.none),
    'ciphertext-expanded': digest(expanded.file),
    sum: digest(sum.file),
  },
}, null, 2) + '\n')
driver.stdin.end()
