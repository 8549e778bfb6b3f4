-- Receives messages, one at a time, and deletes each: wrk … -s bench/receive_delete.lua URL -- QUEUE_URL
dofile("bench/report.lua")

local queue, receive, receipts

function init(args)
  queue = args[1]
  receipts = {}
  receive = sqs("ReceiveMessage", '{"QueueUrl":"' .. queue .. '"}')
end

function sqs(operation, body)
  return wrk.format("POST", "/", headers("sqs", "application/x-amz-json-1.0", "AmazonSQS." .. operation), body)
end

function request()
  local receipt = table.remove(receipts)
  if receipt then
    return sqs("DeleteMessage", '{"QueueUrl":"' .. queue .. '","ReceiptHandle":"' .. receipt .. '"}')
  end
  return receive
end

function response(status, _, body)
  local receipt = body:match('"ReceiptHandle":"(.-)"')
  if receipt then
    table.insert(receipts, receipt)
  end
end
