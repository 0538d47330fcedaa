"""The description of the API in a browser: Swagger UI under the policy, with nothing inline."""

from playwright.sync_api import Page, expect

from scripts.processes import Server


def test_an_operation_is_opened_tried_and_answered(page: Page, server: Server):
    page.goto(f"{server.url}/docs")
    operation = page.locator(".opblock", has=page.locator("[data-path='/healthz']"))
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response .response-col_status")).to_contain_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text('"status": "ok"')
    expect(operation.locator(".live-responses-table")).to_contain_text("content-security-policy")


def test_a_body_is_written_and_the_answer_shown(page: Page, server: Server):
    page.goto(f"{server.url}/docs")
    operation = page.locator(".opblock-post", has=page.locator("[data-path='/v1/topics/nearest']"))
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("textarea").fill('{"texts": ["Papaya"]}')
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text('"topic": "Fruit"')


def test_the_schemas_can_be_opened(page: Page, server: Server):
    page.goto(f"{server.url}/docs")
    page.locator(".models .json-schema-2020-12-accordion").first.click()
    expect(page.locator(".models .json-schema-2020-12-property").first).to_be_visible()
