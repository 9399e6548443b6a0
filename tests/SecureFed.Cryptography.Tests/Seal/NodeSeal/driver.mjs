// Drives Microsoft SEAL (node-seal, WebAssembly) for the tests: one JSON command per line on standard input, one JSON answer per line on standard output.
// Usage: node driver.mjs TOOLS, where TOOLS/node_modules holds node-seal 7. Objects travel as base64 of the files that SEAL saves and loads.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const folder = join(process.argv[2], 'node_modules', 'node-seal')
const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const { default: load } = await import(pathToFileURL(join(folder, description.exports['./allows'].import)))
const seal = await load()

const modes = { none: seal.ComprModeType.none, zlib: seal.ComprModeType.zlib, zstd: seal.ComprModeType.zstd }
const kinds = { ciphertext: 'Ciphertext', plaintext: 'Plaintext', publicKey: 'PublicKey', secretKey: 'SecretKey' }
const contexts = []

const bytes = text => Uint8Array.from(Buffer.from(text, 'base64'))
const saved = (object, mode) => Buffer.from(object.saveToArray(modes[mode])).toString('base64')
const inAllModes = object => ({ none: saved(object, 'none'), zlib: saved(object, 'zlib'), zstd: saved(object, 'zstd') })
const idText = id => Array.from(id.values(), word => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(word)))
  return buffer.toString('hex')
}).join('')

function loaded(kind, context, text) {
  const object = new seal[kinds[kind]]()
  object.loadFromArray(context, bytes(text))
  return object
}

function parametersOf(command) {
  const parameters = new seal.EncryptionParameters(seal.SchemeType.bfv)
  parameters.setPolyModulusDegree(command.degree)
  const primes = new seal.VectorModulus()
  for (const prime of command.primes) primes.push_back(new seal.Modulus(BigInt(prime)))
  parameters.setCoeffModulus(primes)
  parameters.setPlainModulus(new seal.Modulus(BigInt(command.plainModulus)))
  return parameters
}

const operations = {
  versions: () => ({ nodeSeal: description.version, node: process.version }),
  context(command) {
    const parameters = parametersOf(command)
    const context = new seal.SEALContext(parameters, true, seal.SecLevelType[command.security ?? 'none'])
    contexts.push(context)
    return {
      context: contexts.length - 1,
      isSet: context.parametersSet(),
      keyId: idText(context.keyParmsId()),
      dataId: idText(context.firstParmsId()),
      parameters: inAllModes(parameters),
    }
  },
  parameters(command) {
    const parameters = new seal.EncryptionParameters(seal.SchemeType.bfv)
    parameters.loadFromArray(bytes(command.file))
    return { id: idText(parameters.parmsId()), file: saved(parameters, 'none') }
  },
  keys(command) {
    const generator = new seal.KeyGenerator(contexts[command.context])
    return {
      secretKey: inAllModes(generator.secretKey()),
      publicKey: inAllModes(generator.createPublicKey()),
      seededPublicKey: inAllModes(generator.createPublicKeySerializable()),
    }
  },
  // A plaintext that SEAL itself makes from values modulo a batching t.
  batch(command) {
    const plaintext = new seal.Plaintext()
    new seal.BatchEncoder(contexts[command.context]).encode(BigUint64Array.from(command.values, BigInt), plaintext)
    return { file: inAllModes(plaintext), text: plaintext.toString() }
  },
  encrypt(command) {
    const context = contexts[command.context]
    const secretKey = loaded('secretKey', context, command.secretKey)
    const encryptor = new seal.Encryptor(context, loaded('publicKey', context, command.publicKey), secretKey)
    const plaintext = loaded('plaintext', context, command.plaintext)
    const ciphertext = new seal.Ciphertext()
    encryptor.encrypt(plaintext, ciphertext)
    return { full: inAllModes(ciphertext), seeded: inAllModes(encryptor.encryptSymmetricSerializable(plaintext)) }
  },
  decrypt(command) {
    const context = contexts[command.context]
    const plaintext = new seal.Plaintext()
    new seal.Decryptor(context, loaded('secretKey', context, command.secretKey)).decrypt(loaded('ciphertext', context, command.file), plaintext)
    return { file: inAllModes(plaintext), text: plaintext.toString() }
  },
  add(command) {
    const context = contexts[command.context]
    const sum = loaded('ciphertext', context, command.files[0])
    const evaluator = new seal.Evaluator(context)
    for (const file of command.files.slice(1)) evaluator.addInplace(sum, loaded('ciphertext', context, file))
    return { file: saved(sum, 'none') }
  },
  // Loads and saves again, in full and uncompressed: a seed is expanded by this.
  load(command) {
    const object = loaded(command.kind, contexts[command.context], command.file)
    return { file: saved(object, 'none'), text: command.kind === 'plaintext' ? object.toString() : null }
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  let answer
  try {
    answer = { ok: true, ...operations[command.operation](command) }
  } catch (error) {
    // A mistake in this script must not look like a refusal by SEAL.
    if (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError) throw error
    answer = { ok: false }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
