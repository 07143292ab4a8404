module.exports = {
  output: "standalone",
  outputFileTracingRoot: __dirname,
  redirects: async () => [{ source: "/redirect", destination: "/hello?name=s", permanent: false }],
};
