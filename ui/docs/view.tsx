import { type ComponentChildren, Fragment } from "preact";
import { Page } from "../shared/components/page.tsx";
import { queriesOfDocs } from "../shared/wire/page_urls.ts";
import { type ApiDocument, type ApiOperation, inWords, refName, type Schema } from "./document.ts";

/** The page `/docs`: the API of a service, for people to read. */
export function DocsPage({ api }: { api: ApiDocument }) {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation }))
  );
  return (
    <Page current="docs" queries={queriesOfDocs(location.search)}>
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
            The same as OpenAPI 3.1, for programs: <a href="/openapi.json">openapi.json</a>
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
          <h2 id="schemas">Objects and their fields</h2>
          {Object.entries(api.components.schemas).map(([name, schema]) => (
            <SchemaSection key={name} name={name} schema={schema} />
          ))}
        </section>
      </div>
    </Page>
  );
}

/** What the page shows when `/openapi.json` could not be loaded. */
export function NoDocs({ reason }: { reason: string }) {
  return (
    <Page current="docs" queries={queriesOfDocs(location.search)}>
      <p class="card error" role="alert">
        The description of the API could not be loaded. {reason} Reload the page to try again.
      </p>
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
          head={["Name", "In", "Value"]}
          rows={parameters.map(({ name, in: where, schema }) => [
            <code key="name">{name}</code>,
            where,
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
        head={["Status", "When", "Body"]}
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
      head={["Field", "Value", "Required"]}
      rows={Object.entries(properties).map(([field, schema]) => [
        <code key="field">{field}</code>,
        <Words key="what" schema={schema} />,
        required.includes(field)
          ? "yes"
          : schema.default === undefined
          ? "no"
          : `no, ${JSON.stringify(schema.default)} by default`,
      ])}
    />
  );
}

/** A schema in words; a name links to its description. */
function Words({ schema }: { schema: Schema }) {
  const name = refName(schema) ?? (typeof schema.items === "object" ? refName(schema.items) : undefined);
  return name === undefined ? <span>{inWords(schema)}</span> : <a href={`#schema-${name}`}>{inWords(schema)}</a>;
}

function Table({ caption, of, isCaptionHidden = false, head, rows }: {
  caption: string;
  /** Distinguishes tables with the same caption for screen readers. */
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
