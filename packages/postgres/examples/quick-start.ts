// The shortest program; grows with the package.
export {}
