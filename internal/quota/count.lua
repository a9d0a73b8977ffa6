-- Counts one request against all rates of a request, or against none (GCRA). Each key holds when all of its rate will be there
-- again, in microseconds by the clock of this server. ARGV: for each key after how many microseconds one more passes, and how many of
-- them the whole rate is worth; last 1 to count, 0 to look. It answers whether it was counted, and of each how much is used.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local take = ARGV[#ARGV] == '1'
local used = {}
for i, key in ipairs(KEYS) do
  local full = tonumber(redis.call('GET', key) or '0')
  used[i] = math.max(full - now, 0)
  if used[i] + ARGV[2 * i - 1] > tonumber(ARGV[2 * i]) then
    take = false
  end
end
if take then
  for i, key in ipairs(KEYS) do
    used[i] = used[i] + ARGV[2 * i - 1]
    redis.call('SET', key, string.format('%.0f', now + used[i]), 'PX', math.ceil(used[i] / 1000))
  end
end
table.insert(used, 1, take and 1 or 0)
return used
