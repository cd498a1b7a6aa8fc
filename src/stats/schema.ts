/**
 * What the JSON reports look like, as JSON schema (`;json-schema`, `show schema json`; management manual 9.3): an array of
 * the fields of `show info`, or the array of rows of the statistics. HAProxy's own schema takes its own reports for invalid.
 */

const ref = (name: string): object => ({ $ref: `#/definitions/${name}` });
const among = (...words: readonly string[]): object => ({ type: 'string', enum: words });
const atLeast = (minimum: number): object => ({ type: 'integer', minimum });

function object(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

const typedValue = (types: readonly string[], value: object): object => object({ type: among(...types), value });

const cell = { field: ref('field'), processNum: ref('processNum'), tags: ref('tags'), value: ref('typedValue') };

const schema = {
  $schema: 'http://json-schema.org/draft-04/schema#',
  oneOf: [
    { title: 'Info', type: 'array', minItems: 1, items: ref('infoField') },
    { title: 'Stat', type: 'array', items: { title: 'Row', type: 'array', items: ref('statField') } },
  ],
  definitions: {
    infoField: object(cell),
    statField: object({ objType: among('Frontend', 'Backend', 'Listener', 'Server'), proxyId: atLeast(0), id: atLeast(0), ...cell }),
    field: object({ pos: atLeast(0), name: { type: 'string' } }),
    processNum: atLeast(1),
    tags: object({
      origin: among('Metric', 'Status', 'Key', 'Config', 'Product'),
      nature: among('Gauge', 'Limit', 'Min', 'Max', 'Rate', 'Counter', 'Duration', 'Age', 'Time', 'Name', 'Output', 'Avg'),
      scope: among('Cluster', 'Process', 'Service', 'System'),
    }),
    typedValue: {
      oneOf: [
        typedValue(['s32', 's64'], { type: 'integer' }),
        typedValue(['u32', 'u64'], atLeast(0)),
        typedValue(['flt'], { type: 'number' }),
        typedValue(['str'], { type: 'string' }),
      ],
    },
  },
};

export const SCHEMA: string = `${JSON.stringify(schema)}\n`;
