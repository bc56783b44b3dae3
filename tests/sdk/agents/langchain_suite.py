"""What a Python program that uses `langchain-openai` does with responses."""

import os
import unittest
from functools import reduce
from operator import add

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

ECHO = 'call tool tools__echo with {"text": "tea"}'
SERVER = {"type": "mcp", "server_label": "tools", "server_url": os.environ["TOOLS_URL"],
          "require_approval": "never"}


@tool
def look_up(city: str) -> str:
    """Looks a city's weather up."""
    return f"rain in {city}"


class Weather(BaseModel):
    city: str
    degrees: float


class LangChain(unittest.TestCase):
    def model(self, **more):
        return ChatOpenAI(model="scripted-1", base_url=os.environ["JAN_BASE_URL"], max_retries=0,
                          api_key=os.environ["JAN_TOKEN"], use_responses_api=True, **more)

    def test_whole_and_streamed(self):
        told = self.model().invoke("reply exactly hi")
        self.assertEqual(told.text, "hi")
        self.assertGreater(told.usage_metadata["total_tokens"], 0)
        chunks = list(self.model().stream("count to 5"))
        self.assertEqual("".join(chunk.text for chunk in chunks).split(), list("12345"))

    def test_a_function(self):
        model = self.model().bind_tools([look_up])
        history = [HumanMessage('call tool look_up with {"city": "Oslo"}')]
        asked = model.invoke(history)
        history += [asked, look_up.invoke(asked.tool_calls[0])]
        self.assertEqual(model.invoke(history).text, "tool said: rain in Oslo")

    def test_a_schema(self):
        told = self.model().with_structured_output(Weather).invoke("the weather")
        self.assertIsInstance(told, Weather)

    def test_a_server(self):
        model = self.model().bind_tools([SERVER])
        whole = model.invoke(ECHO)
        streamed = reduce(add, model.stream(ECHO))
        for told in [whole, streamed]:
            self.assertEqual(told.text, "tool said: tea")
            self.assertEqual([part["type"] for part in told.content],
                             ["mcp_list_tools", "mcp_call", "text"])
            history = [HumanMessage(ECHO), told, HumanMessage("reply exactly on")]
            self.assertEqual(model.invoke(history).text, "on")

    def test_a_chain(self):
        model = self.model(use_previous_response_id=True)
        first = HumanMessage("remember that tea is green")
        told = model.invoke([first, model.invoke([first]), HumanMessage("what is tea?")])
        self.assertEqual(told.text, "green")

    def test_thoughts(self):
        first = HumanMessage("think it is warm then reply tea")
        for told in [self.model().invoke([first]), reduce(add, self.model().stream([first]))]:
            self.assertEqual([part["type"] for part in told.content], ["reasoning", "text"])
            again = self.model().invoke([first, told, HumanMessage("reply exactly on")])
            self.assertEqual(again.text, "on")


if __name__ == "__main__":
    result = unittest.main(verbosity=2, exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"langchain: {result.testsRun - failed} passed, {failed} failed")
    raise SystemExit(0 if result.wasSuccessful() and result.testsRun else 1)
