// Says one thing and then waits for ever.
console.log('last words')
setInterval(() => {}, 60_000)
