// What an application does with the document client: plain objects in, plain objects out.
import assert from "node:assert/strict";
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import {
  BatchExecuteStatementCommand,
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
  GetCommand,
  paginateQuery,
  PutCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";

const [TableName] = process.argv.slice(2);
const plain = new DynamoDBClient({});
const client = DynamoDBDocumentClient.from(plain, { marshallOptions: { removeUndefinedValues: true } });

await plain.send(
  new CreateTableCommand({
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "sk", AttributeType: "N" },
    ],
  }),
);
await waitUntilTableExists({ client: plain, minDelay: 1, maxWaitTime: 10 }, { TableName });

const Item = {
  pk: "a",
  sk: 1,
  text: "¡hola!",
  list: [1, "two", { three: null }],
  set: new Set(["x", "y"]),
  bytes: new Uint8Array([0, 255]),
  deep: { er: { yes: true } },
};
await client.send(new PutCommand({ TableName, Item }));
const got = await client.send(new GetCommand({ TableName, Key: { pk: "a", sk: 1 }, ConsistentRead: true }));
assert.deepEqual(got.Item, Item);

const updated = await client.send(
  new UpdateCommand({
    TableName,
    Key: { pk: "a", sk: 1 },
    UpdateExpression: "SET #n = if_not_exists(#n, :zero) + :one, deep.er.yes = :no",
    ExpressionAttributeNames: { "#n": "count" },
    ExpressionAttributeValues: { ":zero": 0, ":one": 1, ":no": false },
    ReturnValues: "UPDATED_NEW",
  }),
);
assert.deepEqual(updated.Attributes, { count: 1, deep: { er: { yes: false } } });
await assert.rejects(
  client.send(new DeleteCommand({ TableName, Key: { pk: "a", sk: 1 }, ConditionExpression: "attribute_not_exists(pk)" })),
  { name: "ConditionalCheckFailedException" },
);

const puts = Array.from({ length: 20 }, (_, sk) => ({ PutRequest: { Item: { pk: "many", sk } } }));
await client.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }));
const seen = [];
const query = { TableName, KeyConditionExpression: "pk = :pk AND sk > :sk", ExpressionAttributeValues: { ":pk": "many", ":sk": 4 } };
for await (const page of paginateQuery({ client, pageSize: 7 }, query)) seen.push(...page.Items.map((it) => it.sk));
assert.deepEqual(seen, Array.from({ length: 15 }, (_, n) => n + 5));
const Keys = [0, 1, 99].map((sk) => ({ pk: "many", sk }));
const batch = await client.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys } } }));
assert.equal(batch.Responses[TableName].length, 2);
assert.equal((await client.send(new ScanCommand({ TableName, Select: "COUNT" }))).Count, 21);

await client.send(
  new TransactWriteCommand({
    TransactItems: [
      { Put: { TableName, Item: { pk: "t", sk: 1 } } },
      { Delete: { TableName, Key: { pk: "many", sk: 0 } } },
    ],
  }),
);
await assert.rejects(
  client.send(
    new TransactWriteCommand({
      TransactItems: [{ Put: { TableName, Item: { pk: "t", sk: 1 }, ConditionExpression: "attribute_not_exists(pk)" } }],
    }),
  ),
  (error) => error.name === "TransactionCanceledException" && error.CancellationReasons[0].Code === "ConditionalCheckFailed",
);
const both = [{ pk: "t", sk: 1 }, { pk: "many", sk: 0 }];
const read = await client.send(new TransactGetCommand({ TransactItems: both.map((Key) => ({ Get: { TableName, Key } })) }));
assert.deepEqual(read.Responses.map((it) => it.Item), [{ pk: "t", sk: 1 }, undefined]);

const statement = (Statement, ...Parameters) => ({ Statement, Parameters: Parameters.length ? Parameters : undefined });
await client.send(new ExecuteStatementCommand(statement(`INSERT INTO "${TableName}" VALUE {'pk': ?, 'sk': ?, 'm': ?}`, "q", 1, { a: [1] })));
const selected = await client.send(new ExecuteStatementCommand(statement(`SELECT m.a FROM "${TableName}" WHERE pk = ?`, "q")));
assert.deepEqual(selected.Items, [{ a: [1] }]);
await assert.rejects(
  client.send(new ExecuteStatementCommand(statement(`INSERT INTO "${TableName}" VALUE {'pk': 'q', 'sk': 1}`))),
  { name: "DuplicateItemException" },
);
const Statements = [
  statement(`SELECT sk FROM "${TableName}" WHERE pk = ? AND sk = ?`, "q", 1),
  statement(`SELECT sk FROM "${TableName}" WHERE pk = 'q'`),
];
const { Responses } = await client.send(new BatchExecuteStatementCommand({ Statements }));
assert.deepEqual([Responses[0].Item, Responses[1].Error.Code], [{ sk: 1 }, "ValidationError"]);
await client.send(
  new ExecuteTransactionCommand({
    TransactStatements: [
      statement(`UPDATE "${TableName}" SET n = ? WHERE pk = 'q' AND sk = 1`, 5),
      statement(`DELETE FROM "${TableName}" WHERE pk = 't' AND sk = 1`),
    ],
  }),
);
const last = await client.send(new GetCommand({ TableName, Key: { pk: "q", sk: 1 } }));
assert.equal(last.Item.n, 5);
console.log("ok");
