-- Items of a table: wrk … -s bench/item.lua URL -- OPERATION ITEMS TABLE [FROM]
-- PutItem writes 1 KB, GetItem reads it, Query reads a hundred small items of one partition, IndexQuery the same by a
-- global index, TransactWriteItems writes ten items, BatchWriteItem twenty-five new ones.
dofile("bench/report.lua")

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  operation, items, name = args[1], tonumber(args[2]), args[3]
  local called = operation == "IndexQuery" and "Query" or operation
  sent = headers("dynamodb", "application/x-amz-json-1.0", "DynamoDB_20120810." .. called)
  big = string.rep("x", 1000)
  -- Threads begin apart, so that they do not write the same items at once.
  count = number * 7919
  filled = math.ceil((tonumber(args[4]) or 0) / 50) * 2 + number
end

local function small(index)
  return string.format('{"pk":{"S":"p%d"},"sk":{"S":"%03d"},"gk":{"S":"g%d"},"n":{"N":"%d"},"t":{"S":"a small item"}}',
    math.floor(index / 100), index % 100, math.floor(index / 100), index)
end

local bodies = {
  PutItem = function()
    return string.format('{"TableName":"%s","Item":{"pk":{"S":"b%d"},"sk":{"S":"0"},"data":{"S":"%s"}}}',
      name, count % items, big)
  end,
  GetItem = function()
    return string.format('{"TableName":"%s","Key":{"pk":{"S":"p%d"},"sk":{"S":"%03d"}}}',
      name, math.floor(count % items / 100), count % 100)
  end,
  Query = function()
    return string.format('{"TableName":"%s","KeyConditionExpression":"pk = :p",'
      .. '"ExpressionAttributeValues":{":p":{"S":"p%d"}}}', name, count % math.floor(items / 100))
  end,
  IndexQuery = function()
    return string.format('{"TableName":"%s","IndexName":"by-gk","KeyConditionExpression":"gk = :p",'
      .. '"ExpressionAttributeValues":{":p":{"S":"g%d"}}}', name, count % math.floor(items / 100))
  end,
  TransactWriteItems = function()
    local parts = {}
    for part = 1, 10 do
      parts[part] = string.format('{"Put":{"TableName":"%s","Item":{"pk":{"S":"t%d"},"sk":{"S":"%d"},'
        .. '"n":{"N":"%d"},"t":{"S":"a small item"}}}}', name, count % items, part, part)
    end
    return '{"TransactItems":[' .. table.concat(parts, ",") .. "]}"
  end,
  BatchWriteItem = function()
    local parts = {}
    for part = 1, 25 do
      parts[part] = '{"PutRequest":{"Item":' .. small(filled * 25 + part - 1) .. "}}"
    end
    filled = filled + 2
    return string.format('{"RequestItems":{"%s":[%s]}}', name, table.concat(parts, ","))
  end,
}

function request()
  count = count + 1
  return wrk.format("POST", "/", sent, bodies[operation]())
end
