exports.handler = async (event) => {
  const { kind, id } = JSON.parse(event);
  console.log(kind, id);
  return id;
};
