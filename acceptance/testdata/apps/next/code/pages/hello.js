export default function Hello({ name }) {
  return <p id="hello">{"hello " + name}</p>;
}

export function getServerSideProps({ query }) {
  return { props: { name: query.name ?? "nobody" } };
}
