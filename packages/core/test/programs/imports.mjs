// Imports the core where it cannot run, and says how that went. Usage: imports.mjs <case>
const [how] = process.argv.slice(2)
if (how === 'on Windows') Object.defineProperty(process, 'platform', { value: 'win32' })
try {
  await import('@shrapnel/core')
  console.log('imported')
} catch (error) {
  console.log(error.message.split('\n')[0])
}
