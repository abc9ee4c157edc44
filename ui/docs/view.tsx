/** What programs may ask of this service, for people to read. */
import { type ComponentChildren, Fragment } from "preact";
import { Page } from "../shared/components/page.tsx";
import { type ApiDocument, type ApiOperation, inWords, refName, type Schema } from "./document.ts";

export function DocsPage({ api }: { api: ApiDocument }) {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation }))
  );
  return (
    <Page current="docs" query={{}}>
      <div class="docs">
        <section class="card" aria-labelledby="about">
          <h2 id="about">In short</h2>
          <p>{api.info.description}</p>
          {api.security && (
            <p>
              This lab has a token. Send it as <code>Authorization: Bearer …</code>; sockets take <code>?token=…</code>
              {" "}
              in their address.
            </p>
          )}
          <p>
            The same for programs, as OpenAPI 3.1: <a href="/openapi.json">openapi.json</a>
          </p>
          <ul class="contents">
            {operations.map(({ path, method, operation }) => (
              <li key={operation.operationId}>
                <Verb method={method} operation={operation} />
                <a href={`#${operation.operationId}`}>
                  <code>{path}</code>
                </a>
                <span class="note">{operation.summary}</span>
              </li>
            ))}
          </ul>
        </section>
        {operations.map((entry) => <OperationCard key={entry.operation.operationId} {...entry} />)}
        <section class="card" aria-labelledby="schemas">
          <h2 id="schemas">What the objects hold</h2>
          {Object.entries(api.components.schemas).map(([name, schema]) => (
            <SchemaSection key={name} name={name} schema={schema} />
          ))}
        </section>
      </div>
    </Page>
  );
}

export function NoDocs({ reason }: { reason: string }) {
  return (
    <Page current="docs" query={{}}>
      <p class="card error" role="alert">The description could not be loaded. {reason} Reload the page to try again.</p>
    </Page>
  );
}

function Verb({ method, operation }: { method: string; operation: ApiOperation }) {
  return <span class="verb">{operation["x-websocket"] ? "SOCKET" : method.toUpperCase()}</span>;
}

function OperationCard({ path, method, operation }: { path: string; method: string; operation: ApiOperation }) {
  const { operationId, summary, description, parameters, requestBody, responses, "x-websocket": socket } = operation;
  return (
    <section class="card" aria-labelledby={operationId}>
      <h2 id={operationId}>
        <Verb method={method} operation={operation} /> <code>{path}</code>
      </h2>
      <p>
        {summary}. {description}
      </p>
      {parameters.length > 0 && (
        <Table
          caption="Parameters"
          of={operationId}
          head={["Name", "Where", "What"]}
          rows={parameters.map(({ name, in: place, schema }) => [
            <code key="name">{name}</code>,
            place,
            <Words key="what" schema={schema} />,
          ])}
        />
      )}
      {requestBody && Object.entries(requestBody.content).map(([type, { schema, example }]) => (
        <Fragment key={type}>
          <h3>Body</h3>
          <p>
            <code>{type}</code> {schema && <Words schema={schema} />}
          </p>
          <Example value={example} />
        </Fragment>
      ))}
      {socket && (
        <>
          <Messages title="Messages to the service" schemas={socket.fromClient} />
          <Example value={socket.example} />
          <Messages title="Messages from the service" schemas={socket.fromServer} />
        </>
      )}
      <Table
        caption="Answers"
        of={operationId}
        head={["Status", "When", "What"]}
        rows={Object.entries(responses).map(([status, { description, content }]) => [
          status,
          description,
          Object.entries(content ?? {}).map(([type, { schema }]) =>
            schema ? <Words key={type} schema={schema} /> : type
          ),
        ])}
      />
    </section>
  );
}

function Messages({ title, schemas }: { title: string; schemas: Schema[] }) {
  return (
    <>
      <h3>{title}</h3>
      <p class="messages">{schemas.map((schema) => <Words key={schema.$ref} schema={schema} />)}</p>
    </>
  );
}

function Example({ value }: { value: unknown }) {
  if (value === undefined) return null;
  return <pre tabIndex={0} aria-label="Example"><code>{JSON.stringify(value, null, 2)}</code></pre>;
}

function SchemaSection({ name, schema }: { name: string; schema: Schema }) {
  const { properties, required = [] } = schema;
  return (
    <section class="schema">
      <h3 id={`schema-${name}`}>
        <code>{name}</code>
      </h3>
      {properties === undefined
        ? (schema.oneOf ?? []).map((choice, i) => (
          <FieldsOf key={i} schema={choice} caption={`${name}, form ${i + 1}`} />
        ))
        : <FieldsOf schema={{ properties, required }} caption={name} />}
    </section>
  );
}

function FieldsOf({ schema: { properties = {}, required = [] }, caption }: { schema: Schema; caption: string }) {
  return (
    <Table
      caption={`Fields of ${caption}`}
      isCaptionHidden
      head={["Field", "What", "Given"]}
      rows={Object.entries(properties).map(([field, schema]) => [
        <code key="field">{field}</code>,
        <Words key="what" schema={schema} />,
        required.includes(field)
          ? "always"
          : schema.default === undefined
          ? "if wanted"
          : `else ${JSON.stringify(schema.default)}`,
      ])}
    />
  );
}

/** A schema in words; a name leads to where it is described. */
function Words({ schema }: { schema: Schema }) {
  const name = refName(schema) ?? (typeof schema.items === "object" ? refName(schema.items) : undefined);
  return name === undefined ? <span>{inWords(schema)}</span> : <a href={`#schema-${name}`}>{inWords(schema)}</a>;
}

function Table({ caption, of, isCaptionHidden = false, head, rows }: {
  caption: string;
  /** What tells the table from others of the same caption, for those who hear it out of its place. */
  of?: string;
  isCaptionHidden?: boolean;
  head: string[];
  rows: ComponentChildren[][];
}) {
  return (
    <div class="scroll" role="region" aria-label={of === undefined ? caption : `${caption}: ${of}`} tabIndex={0}>
      <table>
        <caption class={isCaptionHidden ? "hidden" : undefined}>{caption}</caption>
        <thead>
          <tr>{head.map((text) => <th scope="col" key={text}>{text}</th>)}</tr>
        </thead>
        <tbody>{rows.map((cells, i) => <tr key={i}>{cells.map((cell, j) => <td key={j}>{cell}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}
