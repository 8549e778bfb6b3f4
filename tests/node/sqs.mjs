// What a consumer does with SQS: the SDK verifies every digest itself.
import assert from "node:assert/strict";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";

const [name] = process.argv.slice(2);
const sqs = new SQSClient({});
const attributes = {
  text: { DataType: "String", StringValue: "niebla" },
  bytes: { DataType: "Binary", BinaryValue: new Uint8Array([0, 1, 255]) },
};

const { QueueUrl } = await sqs.send(
  new CreateQueueCommand({ QueueName: `${name}.fifo`, Attributes: { FifoQueue: "true" } }),
);
const fifo = (body) => ({ MessageBody: body, MessageGroupId: "g", MessageDeduplicationId: `${body.length}` });
const first = await sqs.send(new SendMessageCommand({ QueueUrl, ...fifo("¡hola!"), MessageAttributes: attributes }));
const again = await sqs.send(new SendMessageCommand({ QueueUrl, ...fifo("¡hola!") }));
assert.equal(again.MessageId, first.MessageId);
assert.equal(again.SequenceNumber, first.SequenceNumber);
const batch = await sqs.send(
  new SendMessageBatchCommand({ QueueUrl, Entries: ["two", "three"].map((it, n) => ({ Id: `${n}`, ...fifo(it) })) }),
);
assert.equal(batch.Successful.length, 2);

const { Messages } = await sqs.send(
  new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages: 10,
    WaitTimeSeconds: 5,
    MessageAttributeNames: ["All"],
    MessageSystemAttributeNames: ["All"],
  }),
);
assert.deepEqual(Messages.map((it) => it.Body), ["¡hola!", "two", "three"]);
assert.deepEqual([...Messages[0].MessageAttributes.bytes.BinaryValue], [0, 1, 255]);
assert.equal(Messages[0].Attributes.SequenceNumber, first.SequenceNumber);

const Entries = Messages.map((it, n) => ({ Id: `${n}`, ReceiptHandle: it.ReceiptHandle }));
const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
assert.equal(deleted.Successful.length, 3);
await sqs.send(new DeleteQueueCommand({ QueueUrl }));
await assert.rejects(sqs.send(new SendMessageCommand({ QueueUrl, ...fifo("x") })), { name: "QueueDoesNotExist" });
console.log("ok");
