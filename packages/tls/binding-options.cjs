// What pkg-prebuilds needs to find the binary of this machine: in build/ after a source build, else in prebuilds/.
module.exports = { name: 'shrapnel_tls', napi_versions: [8] }
