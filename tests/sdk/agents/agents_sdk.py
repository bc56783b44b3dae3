"""What a Python program that uses `openai-agents` does."""

import asyncio
import os
import unittest

import agents
import openai
from agents import Agent, HostedMCPTool, OpenAIConversationsSession, OpenAIResponsesModel, Runner

agents.set_tracing_disabled(True)
LOOK_UP = 'call tool look_up with {"city": "Oslo"}'
ECHO = 'call tool tools__echo with {"text": "tea"}'
CHARGE = 'call tool tools__charge with {"amount": 5}'


@agents.function_tool
def look_up(city: str) -> str:
    """Looks a city's weather up."""
    return f"rain in {city}"


def hosted(approval, **more):
    config = {"type": "mcp", "server_label": "tools", "server_url": os.environ["TOOLS_URL"],
              "require_approval": approval}
    return HostedMCPTool(tool_config=config, **more)


class AgentsSdk(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)
        self.client = openai.AsyncOpenAI(
            base_url=os.environ["JAN_BASE_URL"], api_key=os.environ["JAN_TOKEN"], max_retries=0)
        self.addAsyncCleanup(self.client.close)

    def agent(self, *tools):
        model = OpenAIResponsesModel(model="scripted-1", openai_client=self.client)
        return Agent(name="helper", instructions="Be brief.", model=model, tools=list(tools))

    async def test_a_function(self):
        told = await Runner.run(self.agent(look_up), LOOK_UP)
        self.assertEqual(told.final_output, "tool said: rain in Oslo")

    async def test_a_hosted_server(self):
        told = await Runner.run(self.agent(hosted("never"), look_up), ECHO)
        self.assertEqual(told.final_output, "tool said: tea")
        self.assertEqual([item.type for item in told.new_items],
                         ["mcp_list_tools_item", "tool_call_item", "message_output_item"])

    async def test_an_approval(self):
        tool = hosted("always", on_approval_request=lambda request: {"approve": True})
        for more in [{}, {"auto_previous_response_id": True}]:
            told = await Runner.run(self.agent(tool), CHARGE, **more)
            self.assertEqual(told.final_output, "tool said: charged 5")
        made = await self.client.conversations.create()
        told = await Runner.run(self.agent(tool), CHARGE, conversation_id=made.id)
        self.assertEqual(told.final_output, "tool said: charged 5")

    async def test_a_stream_over_both(self):
        order = ECHO + "\nthen " + LOOK_UP
        told = Runner.run_streamed(self.agent(hosted("never"), look_up), order)
        kinds = [event.data.type async for event in told.stream_events()
                 if event.type == "raw_response_event"]
        self.assertEqual(told.final_output, "tool said: rain in Oslo")
        self.assertEqual(kinds.count("response.completed"), 2)
        self.assertIn("response.mcp_call.completed", kinds)

    async def test_a_session_is_a_conversation(self):
        session = OpenAIConversationsSession(openai_client=self.client)
        agent = self.agent(hosted("never"), look_up)
        for order, wanted in [
            ("remember that tea is green", None),
            (LOOK_UP, "tool said: rain in Oslo"),
            (ECHO, "tool said: tea"),
            ("what is tea?", "green"),
        ]:
            told = await Runner.run(agent, order, session=session)
            self.assertIn(wanted, (None, told.final_output))
        items = await session.get_items()
        kinds = [item["type"] for item in items]
        for kind in ["function_call", "function_call_output", "mcp_call"]:
            self.assertIn(kind, kinds)
        last = await session.pop_item()
        self.assertEqual(last["content"][0]["text"], "green")
        self.assertEqual(len(await session.get_items()), len(items) - 1)
        told = Runner.run_streamed(agent, "what is tea?", session=session)
        async for _ in told.stream_events():
            pass
        self.assertEqual(told.final_output, "green")
        await session.clear_session()

    async def test_a_conversation_that_the_server_keeps(self):
        made = await self.client.conversations.create()
        agent = self.agent(look_up)
        for order, wanted in [(LOOK_UP, "tool said: rain in Oslo"), ("count messages", "6")]:
            told = await Runner.run(agent, order, conversation_id=made.id)
            self.assertEqual(told.final_output, wanted)


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False, warnings="default").result
    failed = len(result.failures) + len(result.errors)
    print(f"agents: {result.testsRun - failed} passed, {failed} failed")
    raise SystemExit(0 if result.wasSuccessful() and result.testsRun else 1)
