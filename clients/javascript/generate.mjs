/**
 * Writes src/operations.js and src/shapes.d.ts from docs/reference/openapi.json; with --check, says whether they
 * are what would be written, and exits with 1 if not.
 */

import { readFileSync, writeFileSync } from 'node:fs';

const description = JSON.parse(readFileSync(new URL('../../docs/reference/openapi.json', import.meta.url), 'utf8'));
const { schemas } = description.components;
const NOTE = 'Written by generate.mjs from the description of the interface (openapi.json); not by hand.';
const WIDTH = 118;

// ---- names ----

const camel = (text) => text.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const pascal = (text) => camel(`_${text}`);

/** Return the words of a name that the name of its resource does not say already, such as "list_hold_refunds". */
function shortened(operationId, resource) {
  const noun = resource.replace(/ies$/, 'y').replace(/s$/, '');
  const [verb, ...rest] = operationId.split('_');
  if (verb === 'create' && rest.join('_') === resource && resource !== noun) {
    return 'createMany';
  }
  const said = rest.join('_').replace(new RegExp(`^(my|${noun}(s|es)?)(_|$)`), '');
  return camel(said ? `${verb}_${said}` : verb);
}

// ---- operations ----

function resolved(one) {
  return one.$ref ? one.$ref.split('/').slice(1).reduce((at, step) => at[step], description) : one;
}

function shapeOf(content) {
  const schema = content?.content?.['application/json']?.schema;
  return schema && { schema, shape: resolved(schema) };
}

/** Return what the client and its types say of one operation. */
function operation(method, path, told) {
  const parameters = (told.parameters ?? []).map(resolved);
  const headers = parameters.filter((one) => one.in === 'header').map((one) => one.name);
  const query = parameters.filter((one) => one.in === 'query');
  const body = shapeOf(told.requestBody);
  const answers = Object.keys(told.responses).filter((status) => /^2/.test(status));
  const shapes = answers.map((status) => shapeOf(resolved(told.responses[status]))).filter((one) => one);
  const [answer] = shapes;
  if (body && query.length > 0) {
    throw new Error(`${told.operationId} has both a body and a query; the client has one place for them.`);
  }
  return {
    id: told.operationId,
    method: method.toUpperCase(),
    path,
    query,
    body,
    answer,
    returns: [...new Set(shapes.map(({ schema }) => type(schema)))].join(' | ') || 'void',
    key: headers.includes('Idempotency-Key'),
    list: method === 'get' && 'next_cursor' in (answer?.shape.properties ?? {}),
    ids: [...path.matchAll(/\{(\w+)\}/g)].map((found) => camel(found[1])),
    says: (told.description ?? told.summary ?? '').trim(),
    old: told.deprecated === true,
  };
}

/** Return all operations by resource and method. Two that are called alike get the last word of their path. */
function resources() {
  const found = {};
  for (const [path, methods] of Object.entries(description.paths)) {
    const resource = path.split('/')[2];
    for (const [method, told] of Object.entries(methods)) {
      const one = operation(method, path, told);
      const group = (found[camel(resource)] ??= {});
      const name = shortened(one.id, resource);
      const free = name in group ? name + pascal(path.split('/').at(-1)) : name;
      if (free in group) {
        throw new Error(`Two operations are called ${resource}.${free}.`);
      }
      group[free] = one;
    }
  }
  return found;
}

// ---- types ----

const SIMPLE = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' };

function type(schema) {
  if (schema.$ref) {
    return schema.$ref.split('/').at(-1);
  }
  const options = schema.anyOf ?? schema.oneOf;
  if (options) {
    return [...new Set(options.map(type))].join(' | ');
  }
  if (schema.const !== undefined || schema.enum) {
    return (schema.enum ?? [schema.const]).map((value) => JSON.stringify(value)).join(' | ');
  }
  if (schema.type === 'array') {
    const item = schema.items ? type(schema.items) : 'unknown';
    return item.includes('|') ? `Array<${item}>` : `${item}[]`;
  }
  if (schema.type === 'object' && schema.properties) {
    return `{ ${fields(schema).join(' ')} }`;
  }
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object') {
    return `Record<string, ${type(schema.additionalProperties)}>`;
  }
  if (Array.isArray(schema.type)) {
    return schema.type.map((one) => SIMPLE[one] ?? 'unknown').join(' | ');
  }
  return SIMPLE[schema.type] ?? (schema.type === 'object' ? 'Record<string, unknown>' : 'unknown');
}

const safe = (text) => text.replace(/\*\//g, '*\\/');

function comment(text, indent) {
  const words = safe(text).split(/\s+/).filter((word) => word);
  const lines = [''];
  for (const word of words) {
    const line = lines.at(-1);
    if (line && indent.length + line.length + word.length + 8 > WIDTH) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = line ? `${line} ${word}` : word;
    }
  }
  if (words.length === 0) {
    return [];
  }
  return lines.length === 1
    ? [`${indent}/** ${lines[0]} */`]
    : [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`];
}

function fields(schema) {
  const needed = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(
    ([name, told]) => `${/^\w+$/.test(name) ? name : JSON.stringify(name)}${needed.has(name) ? '' : '?'}: ${type(told)};`,
  );
}

function shapeText(name, schema) {
  if (schema.type !== 'object' || !schema.properties) {
    return [...comment(schema.description ?? '', ''), `export type ${name} = ${type(schema)};`, ''];
  }
  const lines = fields(schema);
  const said = Object.values(schema.properties).map((told) => told.description ?? '');
  const body = lines.flatMap((line, at) => [...comment(said[at], '  '), `  ${line}`]);
  return [...comment(schema.description ?? '', ''), `export interface ${name} {`, ...body, '}', ''];
}

/** Return the type of an operation's query, as an object that may be left out. */
function queryType(query) {
  const lines = query.map((one) => `${one.name}${one.required ? '' : '?'}: ${type(one.schema)};`);
  return `{ ${lines.join(' ')} }`;
}

function signature(name, one) {
  const given = one.ids.map((id) => `${id}: string`);
  if (one.body) {
    given.push(`body${(one.body.shape.required ?? []).length > 0 ? '' : '?'}: ${type(one.body.schema)}`);
  } else if (one.query.length > 0) {
    given.push(`query${one.query.some((each) => each.required) ? '' : '?'}: ${queryType(one.query)}`);
  }
  given.push('options?: CallOptions');
  const item = one.list ? type(one.answer.shape.properties.data.items) : '';
  const returns = one.list ? `Listing<${item}, ${one.returns}>` : `Promise<${one.returns}>`;
  const says = one.old ? `@deprecated ${one.says}` : one.says;
  return [...comment(`${one.method} ${one.path}: ${says}`, '  '), `  ${name}(${given.join(', ')}): ${returns};`];
}

// ---- files ----

function runtime(found) {
  const lines = [`/** What each method asks. ${NOTE} */`, '', 'export const OPERATIONS = {'];
  for (const [resource, operations] of Object.entries(found)) {
    lines.push(`  ${resource}: {`);
    for (const [name, one] of Object.entries(operations)) {
      const told = [`method: '${one.method}'`, `path: '${one.path}'`];
      for (const [flag, is] of [['body', one.body], ['query', one.query.length], ['key', one.key], ['list', one.list]]) {
        if (is) {
          told.push(`${flag}: true`);
        }
      }
      lines.push(`    ${name}: { ${told.join(', ')} },`);
    }
    lines.push('  },');
  }
  return [...lines, '};', ''].join('\n');
}

function types(found) {
  const lines = [`/** Shapes and methods of the interface. ${NOTE} */`, ''];
  lines.push("import type { CallOptions, Listing } from './index.js';", '');
  for (const name of Object.keys(schemas).sort()) {
    lines.push(...shapeText(name, schemas[name]));
  }
  lines.push('/** One property for each resource. */', 'export interface Resources {');
  for (const resource of Object.keys(found)) {
    lines.push(`  readonly ${resource}: ${pascal(resource)}Methods;`);
  }
  lines.push('}', '');
  for (const [resource, operations] of Object.entries(found)) {
    const methods = Object.entries(operations).flatMap(([name, one]) => signature(name, one));
    lines.push(`export interface ${pascal(resource)}Methods {`, ...methods, '}', '');
  }
  return lines.join('\n');
}

const found = resources();
let stale = false;
for (const [name, text] of [['operations.js', runtime(found)], ['shapes.d.ts', types(found)]]) {
  const file = new URL(`src/${name}`, import.meta.url);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (readFileSync(file, 'utf8') !== text) {
    stale = true;
    console.error(`src/${name} is not what openapi.json says now: run node generate.mjs in clients/javascript.`);
  }
}
process.exitCode = stale ? 1 : 0;
