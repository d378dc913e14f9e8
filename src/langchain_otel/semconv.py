"""Names every attribute, event, metric and value: the GenAI conventions' words and our own."""

from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev"

# Attributes of the GenAI conventions
GEN_AI_OPERATION_NAME: Final = "gen_ai.operation.name"
GEN_AI_PROVIDER_NAME: Final = "gen_ai.provider.name"
GEN_AI_CONVERSATION_ID: Final = "gen_ai.conversation.id"
GEN_AI_AGENT_NAME: Final = "gen_ai.agent.name"
GEN_AI_WORKFLOW_NAME: Final = "gen_ai.workflow.name"

GEN_AI_REQUEST_MODEL: Final = "gen_ai.request.model"
GEN_AI_REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
GEN_AI_REQUEST_TOP_P: Final = "gen_ai.request.top_p"
GEN_AI_REQUEST_TOP_K: Final = "gen_ai.request.top_k"
GEN_AI_REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
GEN_AI_REQUEST_FREQUENCY_PENALTY: Final = "gen_ai.request.frequency_penalty"
GEN_AI_REQUEST_PRESENCE_PENALTY: Final = "gen_ai.request.presence_penalty"
GEN_AI_REQUEST_SEED: Final = "gen_ai.request.seed"
GEN_AI_REQUEST_STOP_SEQUENCES: Final = "gen_ai.request.stop_sequences"
GEN_AI_REQUEST_CHOICE_COUNT: Final = "gen_ai.request.choice.count"
GEN_AI_REQUEST_STREAM: Final = "gen_ai.request.stream"
GEN_AI_REQUEST_ENCODING_FORMATS: Final = "gen_ai.request.encoding_formats"
GEN_AI_REQUEST_REASONING_LEVEL: Final = "gen_ai.request.reasoning.level"
GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID: Final = "gen_ai.request.previous_response.id"
GEN_AI_OUTPUT_TYPE: Final = "gen_ai.output.type"
GEN_AI_PROMPT_NAME: Final = "gen_ai.prompt.name"
GEN_AI_PROMPT_VERSION: Final = "gen_ai.prompt.version"
GEN_AI_PROMPT_VARIABLE: Final = "gen_ai.prompt.variable."

GEN_AI_RESPONSE_ID: Final = "gen_ai.response.id"
GEN_AI_RESPONSE_MODEL: Final = "gen_ai.response.model"
GEN_AI_RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"

GEN_AI_USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
GEN_AI_USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
GEN_AI_USAGE_TEXT_INPUT_TOKENS: Final = "gen_ai.usage.text.input_tokens"
GEN_AI_USAGE_TEXT_OUTPUT_TOKENS: Final = "gen_ai.usage.text.output_tokens"
GEN_AI_USAGE_IMAGE_INPUT_TOKENS: Final = "gen_ai.usage.image.input_tokens"
GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.image.output_tokens"
GEN_AI_USAGE_AUDIO_INPUT_TOKENS: Final = "gen_ai.usage.audio.input_tokens"
GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: Final = "gen_ai.usage.audio.output_tokens"
GEN_AI_TOKEN_MODALITY: Final = "gen_ai.token.modality"
GEN_AI_TOKEN_TYPE: Final = "gen_ai.token.type"

GEN_AI_INPUT_MESSAGES: Final = "gen_ai.input.messages"
GEN_AI_OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
GEN_AI_SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
GEN_AI_TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"

GEN_AI_EVALUATION_NAME: Final = "gen_ai.evaluation.name"
GEN_AI_EVALUATION_SCORE_VALUE: Final = "gen_ai.evaluation.score.value"
GEN_AI_EVALUATION_SCORE_LABEL: Final = "gen_ai.evaluation.score.label"
GEN_AI_EVALUATION_EXPLANATION: Final = "gen_ai.evaluation.explanation"

OPENAI_REQUEST_SERVICE_TIER: Final = "openai.request.service_tier"
OPENAI_RESPONSE_SERVICE_TIER: Final = "openai.response.service_tier"
OPENAI_RESPONSE_SYSTEM_FINGERPRINT: Final = "openai.response.system_fingerprint"
OPENAI_API_TYPE: Final = "openai.api.type"

GEN_AI_TOOL_NAME: Final = "gen_ai.tool.name"
GEN_AI_TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
GEN_AI_TOOL_TYPE: Final = "gen_ai.tool.type"
GEN_AI_TOOL_DESCRIPTION: Final = "gen_ai.tool.description"
GEN_AI_TOOL_CALL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
GEN_AI_TOOL_CALL_RESULT: Final = "gen_ai.tool.call.result"

GEN_AI_EMBEDDINGS_DIMENSION_COUNT: Final = "gen_ai.embeddings.dimension.count"

GEN_AI_DATA_SOURCE_ID: Final = "gen_ai.data_source.id"
GEN_AI_RETRIEVAL_TOP_K: Final = "gen_ai.retrieval.top_k"
GEN_AI_RETRIEVAL_QUERY_TEXT: Final = "gen_ai.retrieval.query.text"
GEN_AI_RETRIEVAL_DOCUMENTS: Final = "gen_ai.retrieval.documents"

# Of tools that an MCP server has
MCP_METHOD_NAME: Final = "mcp.method.name"
MCP_PROTOCOL_VERSION: Final = "mcp.protocol.version"
MCP_SESSION_ID: Final = "mcp.session.id"
JSONRPC_REQUEST_ID: Final = "jsonrpc.request.id"
RPC_RESPONSE_STATUS_CODE: Final = "rpc.response.status_code"

# Metrics
METRIC_INFERENCE_DURATION: Final = "gen_ai.client.inference.duration"
METRIC_INFERENCE_FIRST_CHUNK: Final = "gen_ai.client.inference.time_to_first_chunk"
METRIC_INFERENCE_CHUNK: Final = "gen_ai.client.inference.time_per_output_chunk"
METRIC_INFERENCE_INPUT: Final = "gen_ai.client.inference.operation.input_tokens"
METRIC_INFERENCE_OUTPUT: Final = "gen_ai.client.inference.operation.output_tokens"
METRIC_TOTAL_INPUT: Final = "gen_ai.client.inference.usage.input_tokens"
METRIC_TOTAL_OUTPUT: Final = "gen_ai.client.inference.usage.output_tokens"
METRIC_TOTAL_CACHE_READ: Final = "gen_ai.client.inference.usage.cache_read.input_tokens"
METRIC_TOTAL_CACHE_WRITE: Final = "gen_ai.client.inference.usage.cache_write.input_tokens"
METRIC_TOTAL_REASONING: Final = "gen_ai.client.inference.usage.reasoning.output_tokens"
METRIC_CLIENT_DURATION: Final = "gen_ai.client.operation.duration"
METRIC_AGENT_DURATION: Final = "gen_ai.invoke_agent.duration"
METRIC_AGENT_INFERENCE_CALLS: Final = "gen_ai.invoke_agent.inference_calls"
METRIC_AGENT_TOOL_CALLS: Final = "gen_ai.invoke_agent.tool_calls"
METRIC_WORKFLOW_DURATION: Final = "gen_ai.invoke_workflow.duration"
METRIC_TOOL_DURATION: Final = "gen_ai.execute_tool.duration"
# The same under the names of earlier versions
METRIC_PREVIOUS_TOKENS: Final = "gen_ai.client.token.usage"
METRIC_PREVIOUS_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
METRIC_PREVIOUS_CHUNK: Final = "gen_ai.client.operation.time_per_output_chunk"
METRIC_PREVIOUS_WORKFLOW_DURATION: Final = "gen_ai.workflow.duration"
# Our own
METRIC_INTERRUPT_DURATION: Final = "langgraph.interrupt.duration"

# Attributes of the core conventions
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
NETWORK_TRANSPORT: Final = "network.transport"
NETWORK_PROTOCOL_NAME: Final = "network.protocol.name"
USER_ID: Final = "user.id"
SESSION_ID: Final = "session.id"
ERROR_TYPE: Final = "error.type"
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"

# Events of the conventions
GEN_AI_CLIENT_OPERATION_EXCEPTION: Final = "gen_ai.client.operation.exception"
GEN_AI_CLIENT_INFERENCE_DETAILS: Final = "gen_ai.client.inference.operation.details"
GEN_AI_EVALUATION_RESULT: Final = "gen_ai.evaluation.result"

# Values of gen_ai.operation.name
CHAT: Final = "chat"
TEXT_COMPLETION: Final = "text_completion"
EXECUTE_TOOL: Final = "execute_tool"
INVOKE_AGENT: Final = "invoke_agent"
INVOKE_WORKFLOW: Final = "invoke_workflow"
RETRIEVAL: Final = "retrieval"
EMBEDDINGS: Final = "embeddings"

# Values of error.type that no exception names
TOOL_ERROR: Final = "tool_error"

# Values of langchain.link.type: what the span that has the link is to the one it leads to
RESUMES: Final = "resumes"
REQUESTED_BY: Final = "requested_by"

# Our own, for what the conventions have no word for
RUN_ID: Final = "langchain.run.id"
RUN_OUTCOME: Final = "langchain.run.outcome"
CACHE_HIT: Final = "langchain.cache.hit"
RETRY_ATTEMPT: Final = "langchain.retry.attempt"
TAGS: Final = "langchain.tags"
METADATA: Final = "langchain.metadata."
LANGGRAPH_NODE: Final = "langgraph.node"
LANGGRAPH_STEP: Final = "langgraph.step"
LANGGRAPH_TASK_ID: Final = "langgraph.task.id"
LANGGRAPH_SUBGRAPH_PATH: Final = "langgraph.subgraph.path"
LANGGRAPH_RECURSION_LIMIT: Final = "langgraph.recursion_limit"
LANGGRAPH_CHECKPOINT_ID: Final = "langgraph.checkpoint.id"
LANGGRAPH_CHECKPOINT_NAMESPACE: Final = "langgraph.checkpoint.namespace"
LANGGRAPH_INTERRUPT_COUNT: Final = "langgraph.interrupt.count"
LANGGRAPH_INTERRUPT_WAIT: Final = "langgraph.interrupt.wait_time"
LINK_TYPE: Final = "langchain.link.type"

# OpenTelemetry's own event of a span
EVENT_EXCEPTION: Final = "exception"

EVENT_TEXT: Final = "langchain.text"
EVENT_RETRY: Final = "langchain.retry"
EVENT_CUSTOM: Final = "langchain.custom_event"
EVENT_AGENT_ACTION: Final = "langchain.agent.action"
EVENT_AGENT_FINISH: Final = "langchain.agent.finish"
EVENT_INTERRUPT: Final = "langgraph.interrupt"
EVENT_NODE_CACHED: Final = "langgraph.node.cached"
EVENT_NAME: Final = "langchain.event.name"
EVENT_DATA: Final = "langchain.event.data"
EVENT_LENGTH: Final = "langchain.event.length"

STATE_INPUT: Final = "langchain.input"
STATE_OUTPUT: Final = "langchain.output"
PROMPT_TEMPLATE: Final = "langchain.prompt.template"
EMBEDDINGS_INPUT: Final = "langchain.embeddings.input"
RERANKING_DOCUMENTS: Final = "langchain.reranking.documents"
MESSAGES_OMITTED: Final = "langchain.messages.omitted"
