-- Objects of a bucket: wrk … -s bench/object.lua URL -- METHOD BUCKET BYTES
-- PUT writes new keys, each thread its own; GET reads one.
dofile("bench/report.lua")

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  method, bucket = args[1], args[2]
  body = method == "PUT" and string.rep("x", tonumber(args[3])) or nil
  sent = headers("s3", "application/octet-stream", "")
  sent["X-Amz-Content-Sha256"] = "UNSIGNED-PAYLOAD"
  count = 0
  get = wrk.format("GET", "/" .. bucket .. "/one", sent)
end

function request()
  if method == "GET" then
    return get
  end
  count = count + 1
  return wrk.format("PUT", "/" .. bucket .. "/" .. number .. "/" .. count, sent, body)
end
